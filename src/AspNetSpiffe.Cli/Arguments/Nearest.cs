namespace AspNetSpiffe.Cli;

/// <summary>Suggests a name for a misspelt one.</summary>
internal static class Nearest
{
    private const int FewestLetters = 3;

    /// <summary>Returns the name that begins with the text, or the one with the smallest Levenshtein distance.</summary>
    public static string Of(string text, IEnumerable<string> names) =>
        names.MinBy(name => text.Length >= FewestLetters && name.StartsWith(text, StringComparison.OrdinalIgnoreCase) ? 0 : Spelling.Distance(text, name))!;
}
