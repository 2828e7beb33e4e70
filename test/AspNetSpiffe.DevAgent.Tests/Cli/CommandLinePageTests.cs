using System.Text.RegularExpressions;
using AspNetSpiffe.TestKit;

namespace AspNetSpiffe.AgentTests;

/// <summary>docs/command-line.md beside the tool itself.</summary>
public sealed partial class CommandLinePageTests : AgentTest
{
    // Said once, at the top of the page.
    private static readonly string[] OfAll = ["--json", "--socket", "--help"];

    private static readonly string Page = File.ReadAllText(Repository.PathOf("docs", "command-line.md"));

    [Fact]
    public async Task The_page_has_a_section_for_each_verb_which_names_each_of_its_options()
    {
        var verbs = Word().Matches(await HelpAsync()).Select(match => match.Groups[1].Value).ToArray();
        Assert.Equal(10, verbs.Length);
        Assert.Equal(verbs.Order(StringComparer.Ordinal), Section().Matches(Page).Select(match => match.Groups[1].Value).Order(StringComparer.Ordinal));
        foreach (var verb in verbs)
        {
            var options = Option().Matches(await HelpAsync(verb)).Select(match => match.Value).Except(OfAll).ToArray();
            var section = Page.Split("\n## ").Single(text => text.StartsWith(verb, StringComparison.Ordinal));
            Assert.All(options, option => Assert.True(section.Contains(option, StringComparison.Ordinal) || section.Contains(ShortOf(option), StringComparison.Ordinal), $"{verb} {option}"));
        }
    }

    [Fact]
    public async Task Each_verb_has_json()
    {
        string[][] verbs = [["agent"], ["check"], ["doctor"], ["fetch", "x509"], ["fetch", "jwt"], ["fetch", "bundles"], ["id"], ["inspect"], ["match"], ["request"], ["watch"], ["write"]];
        foreach (var verb in verbs) Assert.Contains("--json", await HelpAsync(verb), StringComparison.Ordinal);
    }

    // curl's own.
    private static string ShortOf(string option) => option switch { "--method" => "`-X`", "--header" => "`-H`", "--data" => "`-d`", _ => option };

    private async Task<string> HelpAsync(params string[] verb)
    {
        var (exitCode, output, errors) = await Tool.RunAsync(null, Patience, [.. verb, "--help"]);
        Assert.Equal((0, ""), (exitCode, errors));
        return output[output.IndexOf(output.Contains("Commands:", StringComparison.Ordinal) ? "Commands:" : "Options:", StringComparison.Ordinal)..];
    }

    [GeneratedRegex(@"(?m)^  ([a-z]+) ")]
    private static partial Regex Word();

    [GeneratedRegex(@"(?m)^## ([a-z]+)$")]
    private static partial Regex Section();

    [GeneratedRegex(@"--[a-z][a-z-]+")]
    private static partial Regex Option();
}
