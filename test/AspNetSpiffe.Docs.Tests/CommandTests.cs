using System.Text.RegularExpressions;
using AspNetSpiffe.Cli;
using AspNetSpiffe.TestKit;

namespace AspNetSpiffe.DocsTests;

/// <summary>The commands of the pages, whether a test runs them or not: the tool's own parser takes its words, and the projects, files and tests that they name are there.</summary>
public sealed partial class CommandTests
{
    public static TheoryData<string> Pages => CodeBlockTests.Pages;

    [Theory, MemberData(nameof(Pages))]
    public void A_command_can_be_given_as_it_stands(string page) =>
        Assert.Empty(CodeBlock.ReadAll(page).SelectMany(CommandsIn).SelectMany(MistakesIn));

    [Theory, MemberData(nameof(Pages))]
    public void A_filter_names_tests(string page)
    {
        var filters = Filter().Matches(File.ReadAllText(Repository.PathOf(page))).Select(static filter => filter.Groups[1].Value);
        Assert.All(filters, static filter => Assert.Contains(TestClasses, name => name.Contains(filter, StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("sh", "aspnet-spiffe fetch x509 --write /run/identity --socket unix:///a", null)]
    [InlineData("sh", "A=b aspnet-spiffe fetch x509 --wite /run/identity", "--wite")]
    [InlineData("sh", "dotnet run --project src/AspNetSpiffe.Cli -- agnt \\\n  --directory /tmp", "agnt")]
    [InlineData("sh", "dotnet run --project samples/NoSuch", "samples/NoSuch is not there")]
    [InlineData("console", "$ aspnet-spiffe match spiffe:any\nno: …", "match")]
    public void A_command_with_a_mistake_is_found(string language, string text, string? mistake)
    {
        var mistakes = CommandsIn(new("docs/x.md", 1, language, "", text)).SelectMany(MistakesIn);
        if (mistake is null) Assert.Empty(mistakes);
        else Assert.Contains(mistakes, found => found.Contains(mistake, StringComparison.Ordinal));
    }

    private static readonly HashSet<string> TestClasses =
        [.. Directory.EnumerateFiles(Repository.PathOf("test"), "*.cs", SearchOption.AllDirectories).Select(static file => $"{Namespace().Match(File.ReadAllText(file)).Groups[1].Value}.{Path.GetFileNameWithoutExtension(file)}.")];

    private static IEnumerable<PageCommand> CommandsIn(CodeBlock block) => block.Language switch
    {
        "sh" => PageCommand.ReadAll(block.Text),
        "console" => Prompt().Matches(block.Text).SelectMany(static line => PageCommand.ReadAll(line.Groups[1].Value)),
        _ => [],
    };

    private static IEnumerable<string> MistakesIn(PageCommand command)
    {
        IEnumerable<string> missing = command.Words.Where(static word => Ours().IsMatch(word) && !Path.Exists(Repository.PathOf(word))).Select(static word => $"{word} is not there");
        var tool = command.Words switch
        {
            ["dotnet", "run", "--project", "src/AspNetSpiffe.Cli", "--", .. var words] => words,
            ["aspnet-spiffe", .. var words] => words,
            _ => [],
        };
        return tool.IsEmpty ? missing : missing.Concat(CommandLine.Create().Parse([.. tool]).Errors.Select(error => $"{string.Join(' ', tool)}: {error.Message}"));
    }

    [GeneratedRegex(@"(?m)^\$ (.+)$")]
    private static partial Regex Prompt();

    [GeneratedRegex(@"^(src|samples|test|build)/[\w./-]+$")]
    private static partial Regex Ours();

    [GeneratedRegex(@"FullyQualifiedName~([\w.]+)")]
    private static partial Regex Filter();

    [GeneratedRegex(@"(?m)^namespace ([\w.]+);")]
    private static partial Regex Namespace();
}
