using System.Text.RegularExpressions;
using AspNetSpiffe.TestKit;

namespace AspNetSpiffe.DocsTests;

/// <summary>Every block of code that a reader is to copy is the code of a sample or of a test, is run by a test, or says why it is not.</summary>
public sealed partial class CodeBlockTests
{
    private static readonly string[] Checked = ["csharp", "json", "sh"];

    // How-to guides that stand at their old addresses are among them.
    public static TheoryData<string> Pages =>
    [
        "README.md",
        .. new[] { "tutorials", "how-to", "deploy" }.SelectMany(folder => Directory.EnumerateFiles(Repository.PathOf("docs", folder), "*.md")).Select(page => Path.GetRelativePath(Repository.Root, page)).Order(StringComparer.Ordinal),
        "docs/diagnostics.md", "docs/federation.md", "docs/files.md", "docs/revocation.md",
    ];

    [Theory, MemberData(nameof(Pages))]
    public void Every_block_is_checked_and_is_what_is_checked(string page)
    {
        var mistakes = CodeBlock.ReadAll(page).Where(block => Checked.Contains(block.Language)).Select(block => MistakeIn(block, page.StartsWith("docs/tutorials/", StringComparison.Ordinal))).OfType<string>();
        Assert.Empty(mistakes);
    }

    [Fact]
    public void Every_region_of_the_samples_is_on_a_page()
    {
        var shown = Pages.Select(page => page.Data).SelectMany(CodeBlock.ReadAll).Select(block => block.Mark).ToHashSet();
        var regions = Directory.EnumerateFiles(Repository.PathOf("samples", "Docs"), "*.cs").SelectMany(file => Region().Matches(File.ReadAllText(file)).Select(region => $"code samples/Docs/{Path.GetFileName(file)}#{region.Groups[1].Value}"));
        Assert.Empty(regions.Except(shown));
    }

    [Theory]
    [InlineData("code samples/Docs/Proxies.cs#forwarded", "x", "is not what the file has")]
    [InlineData("tested by NoSuchTests", "x", "there is no test")]
    [InlineData("not run:", "x", "no reason")]
    [InlineData("", "x", "no mark")]
    [InlineData("run", "x", "no mark")]
    public void A_block_that_nobody_checks_is_found(string mark, string text, string mistake) =>
        Assert.Contains(mistake, MistakeIn(new("docs/x.md", 1, "sh", mark, text), isTutorial: false), StringComparison.Ordinal);

    private static string? MistakeIn(CodeBlock block, bool isTutorial)
    {
        if (block.Mark.StartsWith("code ", StringComparison.Ordinal)) return CodeBlock.ReadRegion(block.Mark[5..]) == block.Text ? null : $"{block.Place} is not what the file has: {block.Mark}";
        if (block.Mark.StartsWith("tested by ", StringComparison.Ordinal)) return HasTest(block.Mark[10..]) ? null : $"{block.Place}: there is no test {block.Mark[10..]}";
        if (block.Mark.StartsWith("not run:", StringComparison.Ordinal)) return block.Mark.Length > 9 ? null : $"{block.Place} has no reason";

        // TutorialTests runs what has another mark, and fails over one that it does not know.
        return isTutorial && block.Mark.Length > 0 ? null : $"{block.Place} has no mark of how it is checked";
    }

    private static bool HasTest(string name) => Directory.EnumerateFiles(Repository.PathOf("test"), $"{name}.cs", SearchOption.AllDirectories).Any();

    [GeneratedRegex("(?m)^ *// <([a-z-]+)>$")]
    private static partial Regex Region();
}
