using System.Security.Cryptography.X509Certificates;
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

    [Fact]
    public async Task The_example_of_match_prints_what_the_page_shows()
    {
        var (words, shown) = ExampleOf("match");
        Assert.Equal((0, shown, ""), await Tool.RunAsync(null, Patience, words));
    }

    [Fact]
    public async Task The_example_of_check_prints_what_the_page_shows()
    {
        var (words, shown) = ExampleOf("check");
        var files = words[1..].Select(name => Path.Combine(Folder, name)).ToArray();
        await File.WriteAllTextAsync(files[0], """{"Spiffe":{"StartupTimeout":"30","EndpointSockt":"unix:///run/agent.sock"}}""", Patience);
        await File.WriteAllTextAsync(files[1], """{"Spiffe":{"AllowedPeers":["spiffe://example.org/a**"]}}""", Patience);
        Assert.Equal((1, shown, ""), await Tool.RunAsync(null, Patience, [words[0], .. files]));
    }

    [Fact]
    public async Task The_example_of_inspect_prints_the_rules_that_the_page_shows()
    {
        var (pki, (words, shown)) = (new TestPki(intermediates: 1), ExampleOf("inspect"));
        var svid = pki.Leaf("/web");
        await WriteAsync("svid.pem", [svid.Leaf, .. svid.Intermediates]);
        await WriteAsync("bundle.pem", pki.Authorities);
        var (exitCode, output, errors) = await Tool.RunAsync(null, Patience, words.Select(word => word.EndsWith(".pem", StringComparison.Ordinal) ? Path.Combine(Folder, word) : word));
        Assert.Equal((0, ""), (exitCode, errors));
        Assert.Equal(RulesOf(shown), RulesOf(output));
    }

    private async Task WriteAsync(string name, IEnumerable<X509Certificate2> certificates) =>
        await File.WriteAllTextAsync(Path.Combine(Folder, name), string.Join('\n', certificates.Select(certificate => certificate.ExportCertificatePem())), Patience);

    // What stands above differs from certificate to certificate.
    private static string RulesOf(string report) => report[report.IndexOf("\nok ", StringComparison.Ordinal)..].TrimEnd();

    private static (string[] Words, string Shown) ExampleOf(string verb)
    {
        var lines = CodeBlock.ReadAll("docs/command-line.md").Single(block => block.Text.StartsWith($"$ aspnet-spiffe {verb} ", StringComparison.Ordinal)).Text.TrimEnd('\n').Split('\n');
        return ([.. PageCommand.ReadAll(lines[0][2..]).Single().Words.Skip(1)], string.Join('\n', lines[1..]));
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
