namespace AspNetSpiffe.Cli;

/// <summary>The name that somebody may have meant.</summary>
internal static class Nearest
{
    private const int FewestLetters = 3;

    /// <summary>Returns the one that begins so, or that takes the fewest letters to insert, remove or exchange.</summary>
    public static string Of(string text, IEnumerable<string> names) =>
        names.MinBy(name => text.Length >= FewestLetters && name.StartsWith(text, StringComparison.OrdinalIgnoreCase) ? 0 : Spelling.Distance(text, name))!;
}
