namespace AspNetSpiffe;

/// <summary>A list of patterns in the options: absent means the members of our own trust domain, empty means no peer.</summary>
internal static class PatternList
{
    /// <summary>Combines the list into one pattern; <see langword="null"/> if the list is absent.</summary>
    public static SpiffeIdPattern? Compile(IReadOnlyList<string>? patterns) => patterns switch
    {
        null => null,
        [] => SpiffeIdPattern.None,
        _ => SpiffeIdPattern.Parse(string.Join(',', patterns)),
    };

    /// <summary>Determines whether a pattern allows an ID. Without an identity of our own, our trust domain is unknown.</summary>
    public static bool Allows(SpiffeIdPattern? pattern, SpiffeId id, X509Source identity) =>
        pattern?.Matches(id) ?? (identity.Current is { } context && id.IsMemberOf(context.TrustDomain));

    public static IEnumerable<string> MistakesIn(IReadOnlyList<string>? patterns, string key)
    {
        if (patterns is null) return [];
        var mistakes = patterns.SelectMany((pattern, i) => MistakesIn(pattern, $"{key}:{i}")).ToArray();

        // 'spiffe:any' and 'spiffe:none' cannot be combined.
        return mistakes.Length > 0 || patterns.Count < 2 ? mistakes : MistakesIn(string.Join(',', patterns), key);
    }

    public static string Describe(SpiffeIdPattern? pattern) =>
        pattern is null ? "members of our own trust domain" : pattern.Equals(SpiffeIdPattern.None) ? "no peers" : pattern.ToString();

    private static string[] MistakesIn(string? pattern, string key)
    {
        if (pattern is null) return [$"{key}: is null."];
        try
        {
            SpiffeIdPattern.Parse(pattern);
            return [];
        }
        catch (FormatException e)
        {
            return [$"{key}: {e.Message}"];
        }
    }
}
