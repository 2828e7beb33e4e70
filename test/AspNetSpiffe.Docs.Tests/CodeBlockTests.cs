using System.Text.RegularExpressions;
using AspNetSpiffe.TestKit;

namespace AspNetSpiffe.DocsTests;

/// <summary>Every block of code that a reader is to copy is the code of a sample or of a test, is run by a test, or says why it is not.</summary>
public sealed partial class CodeBlockTests
{
    // What is printed is compared by the tests of what prints it; tutorials compare all of it.
    private const string Printed = "text";

    // The READMEs of packages have no marks, because nuget.org shows comments: PackageReadmeTests compile their blocks.
    public static TheoryData<string> Pages =>
    [
        .. Directory.EnumerateFiles(Repository.Root, "*.md")
            .Concat(Directory.EnumerateFiles(Repository.PathOf("docs"), "*.md", SearchOption.AllDirectories))
            .Concat(Directory.EnumerateFiles(Repository.PathOf("samples"), "*.md", SearchOption.AllDirectories).Where(static page => !page.Contains("node_modules", StringComparison.Ordinal)))
            .Select(static page => Path.GetRelativePath(Repository.Root, page)).Order(StringComparer.Ordinal),
    ];

    [Theory, MemberData(nameof(Pages))]
    public void Every_block_is_checked_and_is_what_is_checked(string page)
    {
        var mistakes = CodeBlock.ReadAll(page).Where(static block => block.Language != Printed).Select(block => MistakeIn(block, page.StartsWith("docs/tutorials/", StringComparison.Ordinal))).OfType<string>();
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
    [InlineData("run by build/steps.sh", "dotnet run --project samples/Mesh\nrm x", "does not run rm x")]
    [InlineData("not run:", "x", "no reason")]
    [InlineData("not run: takes minutes; NoSuchTests does it for a short time", "x", "there is no test NoSuchTests")]
    [InlineData("", "x", "no mark")]
    [InlineData("run", "x", "no mark")]
    public void A_block_that_nobody_checks_is_found(string mark, string text, string mistake) =>
        Assert.Contains(mistake, MistakeIn(new("docs/x.md", 1, "sh", mark, text), isTutorial: false), StringComparison.Ordinal);

    private static string? MistakeIn(CodeBlock block, bool isTutorial)
    {
        if (block.Mark.StartsWith("code ", StringComparison.Ordinal)) return CodeBlock.ReadRegion(block.Mark[5..]) == block.Text ? null : $"{block.Place} is not what the file has: {block.Mark}";
        if (block.Mark.StartsWith("tested by ", StringComparison.Ordinal)) return HasTest(block.Mark[10..]) ? null : $"{block.Place}: there is no test {block.Mark[10..]}";
        if (block.Mark.StartsWith("run by ", StringComparison.Ordinal)) return MissingIn(block.Mark[7..], block.Text) is { } line ? $"{block.Place}: {block.Mark[7..]} does not run {line}" : null;
        if (block.Mark.StartsWith("not run:", StringComparison.Ordinal))
            return block.Mark.Length <= 9 ? $"{block.Place} has no reason" : TestName().Matches(block.Mark).FirstOrDefault(static name => !HasTest(name.Value)) is { } missing ? $"{block.Place}: there is no test {missing.Value}" : null;

        // TutorialTests runs what has another mark, and fails over one that it does not know.
        return isTutorial && block.Mark.Length > 0 ? null : $"{block.Place} has no mark of how it is checked";
    }

    private static bool HasTest(string name) => Directory.EnumerateFiles(Repository.PathOf("test"), $"{name}.cs", SearchOption.AllDirectories).Any();

    private static string? MissingIn(string file, string lines)
    {
        var script = File.ReadAllText(Repository.PathOf(file));
        return lines.Split('\n', StringSplitOptions.RemoveEmptyEntries).FirstOrDefault(line => !script.Contains(line.Trim(), StringComparison.Ordinal));
    }

    [GeneratedRegex(@"\w+Tests\b")]
    private static partial Regex TestName();

    [GeneratedRegex("(?m)^ *// <([a-z-]+)>$")]
    private static partial Regex Region();
}
