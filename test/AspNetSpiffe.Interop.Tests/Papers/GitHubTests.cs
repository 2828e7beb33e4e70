using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using AspNetSpiffe.TestKit;

namespace AspNetSpiffe.InteropTests;

/// <summary>What GitHub reads: the forms of issues, and the workflows, which do what CI does here.</summary>
public sealed partial class GitHubTests(ITestOutputHelper output) : InteropTest(output)
{
    private static readonly string[] Kinds = ["markdown", "textarea", "input", "dropdown", "checkboxes"];

    public static TheoryData<string> Forms => [.. Directory.GetFiles(Repository.PathOf(".github", "ISSUE_TEMPLATE"), "*.yml").Select(file => Path.GetFileName(file)).Where(name => name != "config.yml")];

    public static TheoryData<string> Workflows => [.. Directory.GetFiles(Repository.PathOf(".github", "workflows")).Select(file => Path.GetFileName(file))];

    [Theory, MemberData(nameof(Forms))]
    public async Task A_form_is_one(string name)
    {
        var form = await ReadAsync("ISSUE_TEMPLATE", name);
        Assert.All((string[])["name", "description"], key => Assert.NotEmpty((string)form[key]!));
        var body = form["body"]!.AsArray();
        Assert.All(body, element => Assert.Contains((string)element!["type"]!, Kinds));
        Assert.All(body.Where(element => (string)element!["type"]! == "markdown"), element => Assert.NotEmpty((string)element!["attributes"]!["value"]!));
        var asked = body.Where(element => (string)element!["type"]! != "markdown").ToArray();
        Assert.All(asked, element => Assert.NotEmpty((string)element!["attributes"]!["label"]!));
        Assert.Equal(asked.Length, asked.Select(element => (string)element!["id"]!).Distinct().Count());
        Assert.All(asked.Where(element => (string)element!["type"]! == "dropdown"), element => Assert.True(element!["attributes"]!["options"]!.AsArray().Count > 1));
    }

    [Fact]
    public async Task Vulnerabilities_are_led_away_from_issues()
    {
        var config = await ReadAsync("ISSUE_TEMPLATE", "config.yml");
        Assert.False((bool)config["blank_issues_enabled"]!);
        Assert.EndsWith("/security/advisories/new", (string)Assert.Single(config["contact_links"]!.AsArray())!["url"]!, StringComparison.Ordinal);
    }

    [Theory, MemberData(nameof(Workflows))]
    public async Task A_workflow_runs_what_CI_runs_packs_and_has_no_secret(string name)
    {
        var workflow = await ReadAsync("workflows", name);
        Assert.Equal("read", (string)Assert.Single(workflow["permissions"]!.AsObject()).Value!);
        var jobs = workflow["jobs"]!.AsObject().Select(job => job.Value!).ToArray();
        Assert.All(jobs, job => Assert.NotNull(job["timeout-minutes"]));

        var steps = jobs.SelectMany(job => job["steps"]!.AsArray()).ToArray();
        var commands = steps.Select(step => (string?)step!["run"]).OfType<string>().ToArray();
        Assert.Equal(["bash .ci/run", "build/pack --no-build"], commands[..2]);
        Assert.All(commands.SelectMany(command => Script().Matches(command)), script => Assert.True(File.Exists(Repository.PathOf(script.Value)), script.Value));
        Assert.DoesNotContain("secrets.", await File.ReadAllTextAsync(Repository.PathOf(".github", "workflows", name), Patience), StringComparison.Ordinal);

        // The whole history: the version counts commits.
        Assert.All(steps.Where(step => ((string?)step!["uses"])?.StartsWith("actions/checkout@", StringComparison.Ordinal) == true), step => Assert.Equal(0, (int)step!["with"]!["fetch-depth"]!));
    }

    [Fact]
    public async Task Only_the_job_that_publishes_may_ask_for_a_token_and_it_runs_after_the_tests_of_a_tag()
    {
        var release = await ReadAsync("workflows", "release.yml");
        Assert.Equal("""{"push":{"tags":["v*"]}}""", release["on"]!.ToJsonString());
        var (pack, publish) = (release["jobs"]!["pack"]!, release["jobs"]!["publish"]!);
        Assert.Null(pack["permissions"]);
        Assert.Equal(("pack", """{"id-token":"write"}""", "nuget.org"), ((string)publish["needs"]!, publish["permissions"]!.ToJsonString(), (string)publish["environment"]!));
        Assert.Contains(publish["steps"]!.AsArray(), step => ((string?)step!["uses"])?.StartsWith("NuGet/login@", StringComparison.Ordinal) == true);
    }

    private async Task<JsonNode> ReadAsync(string folder, string name)
    {
        var text = await File.ReadAllTextAsync(Repository.PathOf(".github", folder, name), Patience);
        var read = await OutsideProgram.RunAsync(Tools.Node, [Repository.PathOf("test", "AspNetSpiffe.Interop.Tests", "Deploy", "node", "yaml.mjs")], text, Patience);
        Assert.True(read.ExitCode == 0, read.All);
        return JsonNode.Parse(read.Output)!;
    }

    [GeneratedRegex(@"(?<!\S)(build|\.ci)/[a-z.-]+")]
    private static partial Regex Script();
}
