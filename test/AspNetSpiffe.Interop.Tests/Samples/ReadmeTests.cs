using System.Net;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using AspNetSpiffe.TestKit;

namespace AspNetSpiffe.InteropTests;

/// <summary>What README shows first, and how it says to install the tool.</summary>
public sealed partial class ReadmeTests(ITestOutputHelper output) : InteropTest(output)
{
    // A build on a machine that has much else to do.
    private readonly CancellationTokenSource _patience = new(TimeSpan.FromMinutes(5));

    private static readonly string Readme = File.ReadAllText(Repository.PathOf("README.md"));

    private new CancellationToken Patience => _patience.Token;

    private static string[] Assemblies => ["AspNetSpiffe", "AspNetSpiffe.Workload", .. Directory.GetFiles(AppContext.BaseDirectory, "G*.dll").Select(Path.GetFileNameWithoutExtension)!];

    [Fact]
    public async Task The_first_block_compiles_as_it_stands_and_serves_https()
    {
        var block = FirstBlock().Match(Readme).Groups[1].Value;
        Assert.Contains("\"https://localhost:8443\"", block, StringComparison.Ordinal);
        var agent = await StartAgentAsync(new DevAgentOptions().AddWorkload("server", "/server").AddWorkload("client", "/client").AddWorkload("reports", "/ns/reporting/daily"));

        // The port is the only thing that a test must not take from it.
        var program = await BuildAsync(block.Replace("localhost:8443", "127.0.0.1:0", StringComparison.Ordinal));
        var server = Stopping(OutsideProgram.StartWith(new() { ["SPIFFE_ENDPOINT_SOCKET"] = agent.AddressOf("server") }, "dotnet", "exec", program));
        var address = new Uri(await ReadAddressAsync(server));

        await using var clientSource = await StartAsync(agent, "client");
        await using var reportsSource = await StartAsync(agent, "reports");
        using var client = Call(clientSource, address);
        using var reports = Call(reportsSource, address);
        Assert.Equal("Hello, spiffe://example.org/client", await client.GetStringAsync("/hello", Patience));
        Assert.Equal(HttpStatusCode.Forbidden, (await client.GetAsync("/report", Patience)).StatusCode);
        Assert.Equal("For spiffe://example.org/ns/reporting/daily only", await reports.GetStringAsync("/report", Patience));
        Assert.Equal(HttpStatusCode.Forbidden, (await client.GetAsync("/admin", Patience)).StatusCode);
    }

    [Fact]
    public async Task The_tool_is_installed_under_the_name_that_README_gives()
    {
        var (package, command) = (Install().Match(Readme).Groups[1].Value, Path.Combine(Folder, "tools", "aspnet-spiffe"));
        var packages = Path.Combine(Folder, "packages");
        await RunAsync("pack", Repository.PathOf("src", "AspNetSpiffe.Cli"), "--no-build", "--configuration", BuiltProgram.Configuration, "--output", packages);
        var config = Path.Combine(Folder, "nuget.config");
        new XDocument(new XElement("configuration", new XElement("packageSources", new XElement("clear"), new XElement("add", new XAttribute("key", "built"), new XAttribute("value", packages))))).Save(config);
        await RunAsync("tool", "install", package, "--tool-path", Path.GetDirectoryName(command)!, "--configfile", config, "--no-cache");

        var help = await OutsideProgram.RunAsync(command, ["--help"], "", Patience);
        Assert.True(help.ExitCode == 0, help.All);
        foreach (var verb in (string[])["agent", "check", "doctor", "fetch", "id", "inspect", "match", "request", "watch", "write"]) Assert.Contains($"  {verb} ", help.Output, StringComparison.Ordinal);

        // Loads the libraries that are packed with it.
        var match = await OutsideProgram.RunAsync(command, ["match", "spiffe://example.org/**", "spiffe://example.org/web"], "", Patience);
        Assert.Equal((0, "yes: spiffe://example.org/** matches spiffe://example.org/web"), (match.ExitCode, match.Output.Trim()));
        var settings = Path.Combine(Folder, "appsettings.json");
        await File.WriteAllTextAsync(settings, """{"Spiffe":{"Hnt":"x"}}""", Patience);
        var check = await OutsideProgram.RunAsync(command, ["check", settings], "", Patience);
        Assert.True(check.ExitCode == 1 && check.Output.Contains("Did you mean 'Spiffe:Hint'?", StringComparison.Ordinal), check.All);
    }

    protected override async ValueTask StopAsync()
    {
        await base.StopAsync();
        _patience.Dispose();
    }

    // The Web SDK brings the other usings, as for everybody who starts with 'dotnet new web'.
    private async Task<string> BuildAsync(string code)
    {
        var project = new XElement(
            "Project",
            new XAttribute("Sdk", "Microsoft.NET.Sdk.Web"),
            new XElement(
                "PropertyGroup",
                new XElement("TargetFramework", "net10.0"),
                new XElement("ImplicitUsings", "enable"),
                new XElement("Nullable", "enable"),
                new XElement("TreatWarningsAsErrors", "true"),
                new XElement("UseAppHost", "false")),
            new XElement("ItemGroup", Assemblies.Select(static name => new XElement("Reference", new XAttribute("Include", Path.Combine(AppContext.BaseDirectory, name + ".dll"))))));
        var folder = Directory.CreateDirectory(Path.Combine(Folder, "first-block")).FullName;
        project.Save(Path.Combine(folder, "FirstBlock.csproj"));
        await File.WriteAllTextAsync(Path.Combine(folder, "Program.cs"), code, Patience);
        await RunAsync("build", folder, "--output", Path.Combine(folder, "out"));
        return Path.Combine(folder, "out", "FirstBlock.dll");
    }

    private Task<X509Source> StartAsync(DevAgent agent, string workload) =>
        X509Source.StartAsync(new SpiffeOptions { EndpointSocket = agent.AddressOf(workload) }, Loggers, Patience);

    private async Task RunAsync(params string[] arguments)
    {
        var result = await OutsideProgram.RunAsync("dotnet", [.. arguments], "", Patience);
        Assert.True(result.ExitCode == 0, result.All);
    }

    private async Task<string> ReadAddressAsync(OutsideProgram server)
    {
        while (true)
            if (Listening().Match(await server.ReadLineAsync(Patience)) is { Success: true } found)
                return found.Groups[1].Value;
    }

    private static HttpClient Call(X509Source source, Uri address) =>
        new(SpiffeHttpHandler.Create(source, SpiffeIdPattern.Parse("spiffe://example.org/server"))) { BaseAddress = address };

    [GeneratedRegex("```csharp\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex FirstBlock();

    [GeneratedRegex("dotnet tool install --global ([A-Za-z.]+)")]
    private static partial Regex Install();

    [GeneratedRegex("listening on: (https://.+)$")]
    private static partial Regex Listening();
}
