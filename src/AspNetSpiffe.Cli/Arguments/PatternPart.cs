namespace AspNetSpiffe.Cli;

/// <summary>The parts of a pattern <c>A,B</c>.</summary>
internal static class PatternPart
{
    /// <summary>Finds the part that matches; null when the pattern does not.</summary>
    public static string? Find(SpiffeIdPattern pattern, SpiffeId id) =>
        pattern.Matches(id) ? pattern.ToString().Split(',').First(part => SpiffeIdPattern.Parse(part).Matches(id)) : null;
}
