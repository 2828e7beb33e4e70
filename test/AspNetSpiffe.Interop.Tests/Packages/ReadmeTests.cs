using System.Net;
using System.Text.RegularExpressions;
using AspNetSpiffe.TestKit;

namespace AspNetSpiffe.InteropTests;

/// <summary>What README shows first, as somebody meets it who has the SDK and the packages, and nothing else: the commands, the block and the tool as they stand there.</summary>
[Collection(UsesPackages.Name)]
public sealed partial class ReadmeTests(ITestOutputHelper output, BuiltPackages packages) : InteropTest(output, TimeSpan.FromMinutes(7))
{
    private static readonly string Readme = File.ReadAllText(Repository.PathOf("README.md"));

    [Fact]
    public async Task The_first_commands_and_the_first_block_make_a_service_with_mutual_TLS()
    {
        var (commands, block) = (ReadmeBlocks.Read(Readme, "sh"), ReadmeBlocks.Read(Readme, "csharp")[0]);
        await packages.SucceedAsync(commands[0], packages.Projects);

        // The port and the folder of the sockets are all that a test must not take from it.
        var (project, sockets) = (Path.Combine(packages.Projects, "hello"), Path.Combine(Folder, "agent"));
        await File.WriteAllTextAsync(Path.Combine(project, "Program.cs"), Replace(block, ("localhost:8443", "127.0.0.1:0"), ("/tmp/spiffe-hello", sockets)), Patience);
        var server = Stopping(packages.Start(project, "dotnet run"));
        var address = Listening().Match(await server.ReadUntilAsync("listening on: https", Patience)).Groups[1].Value;

        var asked = await packages.SucceedAsync(Replace(commands[1], ("https://localhost:8443", address), ("/tmp/spiffe-hello", sockets)));
        Assert.EndsWith("For spiffe://example.org/ns/reporting/daily only", asked.TrimEnd(), StringComparison.Ordinal);

        Assert.Equal((HttpStatusCode.OK, "Hello, spiffe://example.org/ns/reporting/daily"), await AskAsync($"unix://{sockets}/daily.sock", $"{address}/hello"));
        Assert.Equal(HttpStatusCode.Forbidden, (await AskAsync($"unix://{sockets}/daily.sock", $"{address}/admin")).Status);
        Assert.Equal(HttpStatusCode.Forbidden, (await AskAsync($"unix://{sockets}/hello.sock", $"{address}/report")).Status);

        await server.TerminateAsync(Patience);
        Assert.False(Directory.Exists(sockets));
    }

    [Fact]
    public async Task The_tool_is_installed_under_the_name_that_its_package_gives()
    {
        var commands = Assert.Single(ReadmeBlocks.Read(await File.ReadAllTextAsync(Repository.PathOf("src", "AspNetSpiffe.Cli", "README.md"), Patience), "sh"));
        Assert.Contains(commands.Split('\n')[0], Readme, StringComparison.Ordinal);

        // Loads the libraries that are packed with it.
        Assert.EndsWith("yes: spiffe://example.org/** matches spiffe://example.org/web\n", await packages.SucceedAsync(commands), StringComparison.Ordinal);
        var help = await packages.SucceedAsync("aspnet-spiffe --help");
        foreach (var verb in (string[])["agent", "check", "doctor", "fetch", "id", "inspect", "match", "request", "watch", "write"]) Assert.Contains($"  {verb} ", help, StringComparison.Ordinal);
        var settings = Path.Combine(Folder, "appsettings.json");
        await File.WriteAllTextAsync(settings, """{"Spiffe":{"Hnt":"x"}}""", Patience);
        var check = await packages.RunAsync($"aspnet-spiffe check '{settings}'");
        Assert.True(check.ExitCode == 1 && check.Output.Contains("Did you mean 'Spiffe:Hint'?", StringComparison.Ordinal), check.All);
    }

    private async Task<(HttpStatusCode Status, string Text)> AskAsync(string socket, string address)
    {
        await using var source = await X509Source.StartAsync(new SpiffeOptions { EndpointSocket = socket }, Loggers, Patience);
        using var client = new HttpClient(SpiffeHttpHandler.Create(source, SpiffeIdPattern.Parse("spiffe://example.org/hello")));
        using var answer = await client.GetAsync(address, Patience);
        return (answer.StatusCode, await answer.Content.ReadAsStringAsync(Patience));
    }

    private static string Replace(string text, params (string From, string To)[] changes)
    {
        foreach (var (from, to) in changes)
        {
            Assert.Contains(from, text, StringComparison.Ordinal);
            text = text.Replace(from, to, StringComparison.Ordinal);
        }

        return text;
    }

    [GeneratedRegex("listening on: (https://.+)$")]
    private static partial Regex Listening();
}
