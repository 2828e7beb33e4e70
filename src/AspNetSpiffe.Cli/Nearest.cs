namespace AspNetSpiffe.Cli;

/// <summary>The name that somebody may have meant.</summary>
internal static class Nearest
{
    /// <summary>Gives the one that takes the fewest letters to insert, remove or exchange.</summary>
    public static string Of(string text, IEnumerable<string> names) => names.MinBy(name => Spelling.Distance(text, name))!;
}
