namespace AspNetSpiffe;

/// <summary>The names of the meter and the activity source of this library. They do not change.</summary>
public static class SpiffeDiagnostics
{
    /// <summary>The name of the meter: <c>AspNetSpiffe</c>.</summary>
    public const string MeterName = "AspNetSpiffe";

    /// <summary>The name of the activity source, for traces: <c>AspNetSpiffe</c>.</summary>
    public const string ActivitySourceName = "AspNetSpiffe";
}
