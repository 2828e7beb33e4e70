namespace AspNetSpiffe;

internal sealed partial class SpiffePolicies
{
    private const string PatternPrefix = "spiffe:";

    /// <summary>Determines whether a policy name is a pattern for the caller.</summary>
    public static bool IsPattern(string? name) => name is not null && name.AsSpan().TrimStart().StartsWith(PatternPrefix, StringComparison.OrdinalIgnoreCase);
}
