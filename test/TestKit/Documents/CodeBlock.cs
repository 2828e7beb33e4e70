using System.Text.RegularExpressions;

namespace AspNetSpiffe.TestKit;

/// <summary>A block of code of a page, and what the comment before it says of how it is checked.</summary>
/// <param name="Page">The page, from the root of the repository.</param>
/// <param name="Line">The line at which the block begins.</param>
/// <param name="Language">The word behind the fence: csharp, json, sh.</param>
/// <param name="Mark">
/// <c>code FILE#region</c>: the same lines stand there. <c>tested by CLASS</c>: that class runs it. <c>not run: WHY</c>. In tutorials also <c>run</c>, <c>start, until TEXT</c>, <c>file PATH</c>, <c>prints</c> and <c>logged</c>. A comment
/// <c>commands not run: WHY</c> or <c>commands tested by CLASS</c> below the title is for all commands of the page without a mark of their own.
/// </param>
/// <param name="Text">Its lines, without the indentation of the fence.</param>
public sealed partial record CodeBlock(string Page, int Line, string Language, string Mark, string Text)
{
    public string Place => $"{Page}:{Line}";

    /// <summary>Reads the blocks of a page, in their order.</summary>
    public static IReadOnlyList<CodeBlock> ReadAll(string page)
    {
        var text = File.ReadAllText(Repository.PathOf(page));
        var ofAll = OfAllCommands().Match(text).Groups[1].Value;
        return [.. Block().Matches(text).Select(block => new CodeBlock(
            page, 1 + text.AsSpan(0, block.Groups["fence"].Index).Count('\n'), block.Groups["language"].Value,
            (block.Groups["mark"].Value, block.Groups["language"].Value) switch { ("", "sh") => ofAll, var (mark, _) => mark },
            block.Groups["indent"].Value is { Length: > 0 } indent ? Regex.Replace(block.Groups["text"].Value, $"(?m)^{indent}", "") : block.Groups["text"].Value))];
    }

    /// <summary>Returns the lines of a region of a file, between <c>// &lt;name></c> and <c>// &lt;/name></c>, without their indentation; the whole file where no region is named.</summary>
    public static string ReadRegion(string reference)
    {
        var (file, name) = reference.Split('#') switch { [var path, var region] => (path, region), _ => (reference, "") };
        var text = File.ReadAllText(Repository.PathOf(file));
        if (name.Length == 0) return text;
        var found = Regex.Match(text, $@"(?ms)^(?<indent> *)// <{Regex.Escape(name)}>\n(?<lines>.*?)^ *// </{Regex.Escape(name)}>\n");
        return found.Success ? Regex.Replace(found.Groups["lines"].Value, $"(?m)^{found.Groups["indent"].Value}", "") : throw new InvalidOperationException($"{file} has no region '{name}'.");
    }

    [GeneratedRegex(@"(?ms)^(?<indent> *)(?:<!-- (?<mark>[^\n]+?) -->\n *)?(?<fence>```)(?<language>[a-z]+)\n(?<text>.*?)^ *```$")]
    private static partial Regex Block();

    [GeneratedRegex("(?m)^<!-- commands (.+) -->$")]
    private static partial Regex OfAllCommands();
}
