namespace AspNetSpiffe;

/// <summary>The names under which this library can be observed. They do not change.</summary>
public static class SpiffeDiagnostics
{
    /// <summary>The name of the meter: <c>AspNetSpiffe</c>.</summary>
    public const string MeterName = "AspNetSpiffe";

    /// <summary>The name of the source of activities, which are the spans of traces: <c>AspNetSpiffe</c>.</summary>
    public const string ActivitySourceName = "AspNetSpiffe";
}
