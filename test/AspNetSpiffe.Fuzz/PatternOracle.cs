using System.Text.RegularExpressions;

namespace AspNetSpiffe.Fuzz;

/// <summary>What a pattern means, said a second time: slow, and by other means.</summary>
internal static class PatternOracle
{
    public static bool Matches(string pattern, SpiffeId id) =>
        id.Path.Length > 0 && (pattern == "spiffe:any" || pattern.Split(',').Any(alternative => Regex.IsMatch(id.ToString(), ToRegex(alternative), RegexOptions.CultureInvariant)));

    private static string ToRegex(string alternative) =>
        @"\A" + Regex.Escape(alternative).Replace(@"/\*\*", "(/[^/]+)+", StringComparison.Ordinal).Replace(@"/\*", "/[^/]+", StringComparison.Ordinal) + @"\z";
}
