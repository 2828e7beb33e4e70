using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using AspNetSpiffe.TestKit;

namespace AspNetSpiffe.InteropTests;

/// <summary>The templates: what they make is built, tested and run as it comes, under a name that is not a name in C#.</summary>
[Collection(UsesPackages.Name)]
public sealed partial class TemplateTests(ITestOutputHelper output, BuiltPackages packages) : InteropTest(output, TimeSpan.FromMinutes(7))
{
    private const string Web = "Acme.Orders-Web", Worker = "acme-mailer";

    [Fact]
    public async Task What_they_make_passes_its_tests_and_calls_each_other_over_mutual_TLS()
    {
        await packages.SucceedAsync("dotnet new install AspNetSpiffe.Templates");
        await packages.SucceedAsync($"dotnet new spiffe-web --output {Web}\ndotnet new spiffe-worker --output {Worker}", packages.Projects);
        await TestAsync(Web, passed: 3);
        await TestAsync(Worker, passed: 1);

        var web = Start(Web, "--no-build -- --urls https://127.0.0.1:0");
        var address = Listening().Match(await web.ReadUntilAsync("listening on: https", Patience)).Groups[1].Value;
        var sockets = Path.Combine(packages.Temporary, Web);
        Assert.Equal("For spiffe://example.org/ns/reporting/daily only", await AskAsync($"unix://{sockets}/reports.sock", $"{address}/report"));
        Assert.Equal("Healthy", await AskAsync($"unix://{sockets}/client.sock", $"{address}/healthz"));

        var worker = Start(Worker, "--no-build", ("SPIFFE_ENDPOINT_SOCKET", $"unix://{sockets}/client.sock"), ("Service__Url", address));
        await worker.ReadUntilAsync("We are spiffe://example.org/client", Patience);
        await worker.ReadUntilAsync("The service said: Hello, spiffe://example.org/client", Patience);
        await EndAsync(worker);
        await EndAsync(web);
        Assert.False(Directory.Exists(sockets));

        // Alone, it is what its own agent says, and survives that nobody answers.
        var alone = Start(Worker, "--no-build", ("Service__Url", address));
        await alone.ReadUntilAsync($"We are spiffe://example.org/{Worker}", Patience);
        await alone.ReadUntilAsync("The service was not reached", Patience);
        await EndAsync(alone);
    }

    [Fact]
    public async Task An_editor_finds_the_schemas_of_the_settings()
    {
        var folder = Directory.CreateDirectory(Path.Combine(packages.Projects, "edited")).FullName;
        var reference = new XElement("PackageReference", new XAttribute("Include", "AspNetSpiffe"), new XAttribute("Version", packages.Version));
        new XElement("Project", new XAttribute("Sdk", "Microsoft.NET.Sdk.Web"), new XElement("PropertyGroup", new XElement("TargetFramework", "net10.0")), new XElement("ItemGroup", reference)).Save(Path.Combine(folder, "edited.csproj"));

        // As the C# extension of Visual Studio Code asks.
        var answer = JsonNode.Parse(await packages.SucceedAsync("dotnet restore > restore.log; dotnet msbuild -getItem:JsonSchemaSegment", folder))!;
        var segments = answer["Items"]!["JsonSchemaSegment"]!.AsArray().Select(segment => (Path: (string)segment!["FullPath"]!, Pattern: (string)segment["FilePathPattern"]!)).ToArray();
        Assert.Equal(["AspNetSpiffe", "AspNetSpiffe.Workload"], segments.Select(segment => SchemaFiles.PackageOf(File.ReadAllText(segment.Path))).Order(StringComparer.Ordinal));
        Assert.All(segments, segment => Assert.All((string[])["appsettings.json", "appsettings.Development.json"], name => Assert.Matches($"^(?:{segment.Pattern})$", name)));
    }

    // Users update them with everything else; here they are what the tests of this repository run with.
    [Fact]
    public void Packages_of_others_have_the_version_that_is_tested_here()
    {
        var ours = XDocument.Load(Repository.PathOf("Directory.Packages.props")).Descendants("PackageVersion").ToDictionary(p => (string)p.Attribute("Include")!, p => (string)p.Attribute("Version")!, StringComparer.Ordinal);
        var theirs = Directory.EnumerateFiles(Repository.PathOf("src", "AspNetSpiffe.Templates", "content"), "*.csproj", SearchOption.AllDirectories)
            .SelectMany(file => XDocument.Load(file).Descendants("PackageReference")).Select(p => (Id: (string)p.Attribute("Include")!, Version: (string)p.Attribute("Version")!)).ToArray();
        Assert.Contains(theirs, package => package.Id == "xunit.v3.mtp-off");
        Assert.All(theirs, package => Assert.Equal(package.Id.StartsWith("AspNetSpiffe", StringComparison.Ordinal) ? "ASPNETSPIFFE_VERSION" : ours[package.Id], package.Version));
    }

    private async Task<string> AskAsync(string socket, string address)
    {
        await using var source = await X509Source.StartAsync(new SpiffeOptions { EndpointSocket = socket }, Loggers, Patience);
        using var client = new HttpClient(SpiffeHttpHandler.Create(source, SpiffeIdPattern.Parse("spiffe://example.org/service")));
        return await client.GetStringAsync(address, Patience);
    }

    private async Task TestAsync(string name, int passed) =>
        Assert.Matches($@"Failed: +0, Passed: +{passed}, ", await packages.SucceedAsync("dotnet test --no-restore", Path.Combine(packages.Projects, name)));

    private OutsideProgram Start(string name, string arguments, params (string, string)[] variables) =>
        Stopping(packages.Start(Path.Combine(packages.Projects, name), $"dotnet run --project src/{name} {arguments}", variables));

    private async Task EndAsync(OutsideProgram program)
    {
        var ended = await program.TerminateAsync(Patience);
        Assert.Contains("Application is shutting down...", ended.Output, StringComparison.Ordinal);
        Assert.Empty(ended.Errors);
    }

    [GeneratedRegex("listening on: (https://.+)$")]
    private static partial Regex Listening();
}
