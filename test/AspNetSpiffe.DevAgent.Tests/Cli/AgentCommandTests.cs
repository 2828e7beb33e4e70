using System.Text.Json;
using System.Text.Json.Nodes;
using Grpc.Reflection.V1;

namespace AspNetSpiffe.AgentTests;

/// <summary>aspnet-spiffe agent, as a user runs it.</summary>
public sealed class AgentCommandTests : AgentTest
{
    [Theory]
    [InlineData("INT")]
    [InlineData("TERM")]
    public async Task It_serves_until_a_signal_and_leaves_nothing_behind(string signal)
    {
        var folder = Path.Combine(Folder, "agent");
        await using var tool = Tool.Start(null, "agent", "--trust-domain", "td.test", "--workload", "server=/server", "--workload", "client=/client", "--directory", folder);
        foreach (var workload in new[] { "server", "client" })
        {
            var line = await tool.ReadLineAsync("SPIFFE_ENDPOINT_SOCKET=", Patience);
            Assert.Equal($"SPIFFE_ENDPOINT_SOCKET=unix://{folder}/{workload}.sock", line.Trim());
            using var client = new AgentClient(line.Trim().Split('=')[1]);
            Assert.Equal($"spiffe://td.test/{workload}", (await client.FetchX509Async(Patience)).Svids[0].SpiffeId);
        }

        await tool.ReadLineAsync("Ctrl+C", Patience);
        await tool.SignalAsync(signal, Patience);
        var (exitCode, _, errors) = await tool.WaitAsync(Patience);

        Assert.Equal((0, ""), (exitCode, errors));
        Assert.False(Directory.Exists(folder));
    }

    [Fact]
    public async Task It_logs_a_rotation_by_its_schedule()
    {
        await using var tool = Tool.Start(null, "agent", "--workload", "web=/web", "--directory", Folder, "--svid-lifetime", "2s");
        Assert.Contains("spiffe://example.org/web", await tool.ReadLineAsync("renewed: serial number", Patience), StringComparison.Ordinal);
        await tool.SignalAsync("TERM", Patience);
        Assert.Equal(0, (await tool.WaitAsync(Patience)).ExitCode);
    }

    [Fact]
    public async Task A_name_that_is_repeated_gives_one_workload_several_identities()
    {
        await using var tool = Tool.Start(null, "agent", "--workload", "web=/a", "--workload", "web=/b", "--directory", Folder);
        var line = await tool.ReadLineAsync("SPIFFE_ENDPOINT_SOCKET=", Patience);
        using var client = new AgentClient(line.Trim().Split('=')[1]);
        Assert.Equal(["spiffe://example.org/a", "spiffe://example.org/b"], (await client.FetchX509Async(Patience)).Svids.Select(s => s.SpiffeId));
        await tool.SignalAsync("TERM", Patience);
        Assert.Equal(0, (await tool.WaitAsync(Patience)).ExitCode);
    }

    [Fact]
    public async Task Another_trust_domain_is_served_too_and_both_know_each_other()
    {
        var folder = Path.Combine(Folder, "agent");
        await using var tool = Tool.Start(null, "agent", "--workload", "web=/web", "--federate", "other.test=partner=/partner", "--directory", folder);
        var (own, other) = (await ReadSocketAsync(tool), await ReadSocketAsync(tool));
        Assert.Equal($"unix://{folder}/other.test/partner.sock", other);
        foreach (var (socket, id, known) in new[] { (own, "spiffe://example.org/web", "spiffe://other.test"), (other, "spiffe://other.test/partner", "spiffe://example.org") })
        {
            using var client = new AgentClient(socket);
            var answer = await client.FetchX509Async(Patience);
            Assert.Equal(id, answer.Svids.Single().SpiffeId);
            Assert.Equal(known, Assert.Single(answer.FederatedBundles).Key);
        }

        await tool.SignalAsync("TERM", Patience);
        Assert.Equal(0, (await tool.WaitAsync(Patience)).ExitCode);
        Assert.False(Directory.Exists(folder));
    }

    [Fact, Trait("Spec", "EP-30")]
    public async Task It_offers_gRPC_server_reflection()
    {
        await using var tool = Tool.Start(null, "agent", "--workload", "web=/web", "--directory", Folder);
        using var client = new AgentClient(await ReadSocketAsync(tool));
        using var response = await client.SendAsync(AgentClient.NewRequest("/grpc.reflection.v1.ServerReflection/ServerReflectionInfo", new ServerReflectionRequest { ListServices = "" }), Patience);
        using var call = new AgentCall(response, await response.Content.ReadAsStreamAsync(Patience));
        var services = (await call.ReadAsync(ServerReflectionResponse.Parser, Patience))!.ListServicesResponse.Service.Select(s => s.Name);
        Assert.Contains("SpiffeWorkloadAPI", services);
        await tool.SignalAsync("TERM", Patience);
    }

    private async Task<string> ReadSocketAsync(Tool tool) => (await tool.ReadLineAsync("SPIFFE_ENDPOINT_SOCKET=", Patience)).Trim().Split('=')[1];

    [Fact]
    public async Task With_json_each_trust_domain_is_one_line_and_the_log_is_elsewhere()
    {
        await using var tool = Tool.Start(null, "agent", "--json", "--workload", "web=/web", "--federate", "other.test=partner=/partner", "--directory", Folder);
        var own = JsonNode.Parse(await tool.ReadLineAsync("{", Patience))!;
        var other = JsonNode.Parse(await tool.ReadLineAsync("{", Patience))!;
        Assert.Equal(("example.org", $"unix://{Folder}/web.sock", "spiffe://example.org/web"), ((string?)own["trustDomain"], (string?)own["workloads"]!["web"]!["endpointSocket"], (string?)own["workloads"]!["web"]!["spiffeIds"]![0]));
        Assert.Equal("other.test", (string?)other["trustDomain"]);
        await tool.SignalAsync("TERM", Patience);
        Assert.Equal((0, ""), ((await tool.WaitAsync(Patience)).ExitCode, (await tool.WaitAsync(Patience)).Output));
    }

    [Theory]
    [InlineData("'--workload' is required")]
    [InlineData("'web' is not a workload", "--workload", "web")]
    [InlineData("'5x' is not a duration", "--workload", "web=/web", "--svid-lifetime", "5x")]
    [InlineData("SvidLifetime must be", "--workload", "web=/web", "--svid-lifetime", "0s")]
    [InlineData("'Ex ample'", "--workload", "web=/web", "--trust-domain", "Ex ample")]
    [InlineData("'/a//b'", "--workload", "web=/a//b")]
    [InlineData("'--nothing'", "--workload", "web=/web", "--nothing")]
    [InlineData("'other.test' is not a workload of another trust domain", "--workload", "web=/web", "--federate", "other.test")]
    [InlineData("'partner' is not a workload", "--workload", "web=/web", "--federate", "other.test=partner")]
    [InlineData("'example.org' is the agent's own trust domain", "--workload", "web=/web", "--federate", "example.org=partner=/partner")]
    public async Task A_mistake_is_one_clear_line_and_exit_code_2(string text, params string[] arguments)
    {
        var (exitCode, output, errors) = await Tool.RunAsync(null, Patience, ["agent", .. arguments]);
        Assert.Equal((2, ""), (exitCode, output));
        Assert.Contains(text, Assert.Single(errors.TrimEnd('\n').Split('\n')), StringComparison.Ordinal);
    }

    [Theory, Trait("Trial", "O-09")]
    [InlineData("'aspnet-spiffe' has no command 'bogus'; the nearest is 'agent'. Its commands: agent,", "bogus")]
    [InlineData("has no command 'wtach'; the nearest is 'watch'.", "wtach", "--json")]
    [InlineData("'aspnet-spiffe fetch' has no command 'x500'; the nearest is 'x509'. Its commands: x509, jwt, bundles.", "fetch", "x500")]
    [InlineData("'aspnet-spiffe fetch' requires one of its commands: x509, jwt, bundles.", "fetch")]
    [InlineData("'aspnet-spiffe' requires one of its commands: agent,")]
    [InlineData("'aspnet-spiffe watch' has no option '--sokcet'; the nearest is '--socket'.", "watch", "--sokcet")]
    [InlineData("'aspnet-spiffe watch' takes no argument 'more'.", "watch", "more")]
    public async Task An_unknown_word_is_named_with_the_nearest_one(string text, params string[] arguments)
    {
        var (exitCode, output, errors) = await Tool.RunAsync(null, Patience, arguments);
        Assert.Equal((2, ""), (exitCode, output));
        Assert.Contains(text, Assert.Single(errors.TrimEnd('\n').Split('\n')), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(2, "has no command 'wtach'", "wtach", "--json")]
    [InlineData(2, "is not an address of a Workload API", "watch", "--json", "--socket", "nowhere")]
    [InlineData(1, "/nowhere", "fetch", "x509", "--json", "--socket", "unix:///nowhere/agent.sock")]
    public async Task With_json_an_error_is_JSON_too(int expected, string text, params string[] arguments)
    {
        var (exitCode, output, errors) = await Tool.RunAsync(null, Patience, arguments);
        using var json = JsonDocument.Parse(Assert.Single(errors.TrimEnd('\n').Split('\n')));
        Assert.Equal((expected, "", expected), (exitCode, output, json.RootElement.GetProperty("exitCode").GetInt32()));
        Assert.Contains(text, json.RootElement.GetProperty("error").GetString(), StringComparison.Ordinal);
    }

    [Theory, Trait("Trial", "O-09")]
    [InlineData("1h", "valid for 1 h and")]
    [InlineData("60m", "valid for 1 h and")]
    [InlineData("90m", "valid for 1 h 30 min and")]
    [InlineData("1m", "valid for 1 min and")]
    [InlineData("119s", "valid for 1 min 59 s and")]
    [InlineData("1d", "valid for 1 day and")]
    [InlineData("49h", "valid for 2 days 1 h and")]
    public async Task A_lifetime_is_shown_in_its_largest_units(string lifetime, string text)
    {
        await using var tool = Tool.Start(null, "agent", "--workload", "web=/web", "--directory", Folder, "--svid-lifetime", lifetime);
        await tool.ReadLineAsync(text, Patience);
    }
}
