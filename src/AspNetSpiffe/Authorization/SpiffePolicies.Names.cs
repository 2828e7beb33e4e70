namespace AspNetSpiffe;

internal sealed partial class SpiffePolicies
{
    private const string PatternPrefix = "spiffe:";

    /// <summary>Determines whether a name means the caller.</summary>
    public static bool IsPattern(string? name) => name is not null && name.AsSpan().TrimStart().StartsWith(PatternPrefix, StringComparison.OrdinalIgnoreCase);
}
