using System.Text.RegularExpressions;

namespace AspNetSpiffe.InteropTests;

/// <summary>The blocks of code of a page, in their order.</summary>
internal static partial class ReadmeBlocks
{
    public static IReadOnlyList<string> Read(string page, string language) =>
        [.. Block().Matches(page).Where(block => block.Groups[1].Value == language).Select(block => block.Groups[2].Value)];

    [GeneratedRegex("^```(\\w+)\n(.*?)^```", RegexOptions.Singleline | RegexOptions.Multiline)]
    private static partial Regex Block();
}
