using System.Runtime.Versioning;
using AspNetSpiffe.TestKit;
using AspNetSpiffe.Wire;
using Google.Protobuf;
using Grpc.Core;

namespace AspNetSpiffe.AgentTests;

/// <summary>aspnet-spiffe watch, against agents that do well and badly.</summary>
[UnsupportedOSPlatform("windows")]
public sealed class WatchCommandTests : AgentTest
{
    [Fact]
    public async Task A_watch_shows_each_rotation_and_ends_well_by_a_signal()
    {
        var agent = await StartAgentAsync(new DevIdentity("/web"));
        await using var tool = Tool.Start(agent.AddressOf("web"), "watch", "--json");
        var first = await tool.ReadLineAsync("serialNumber", Patience);
        agent.Rotate();
        Assert.NotEqual(first, await tool.ReadLineAsync("serialNumber", Patience));

        await tool.SignalAsync("INT", Patience);
        var (exitCode, _, errors) = await tool.WaitAsync(Patience);
        Assert.Equal((0, ""), (exitCode, errors));
    }

    [Theory, Trait("Trial", "A-10")]
    [InlineData("an identity is missing")]
    [InlineData("a message is refused")]
    [InlineData("the stream is ended")]
    [InlineData("the stream is lost")]
    [InlineData("the server goes away")]
    public async Task It_says_what_went_wrong_and_goes_on(string fault)
    {
        await using var agent = await FakeAgent.StartAsync();
        await using var tool = Tool.Start(agent.Address, "watch");
        var pki = new TestPki();
        agent.Send(Identity(pki, "/first"));
        await tool.ReadLineAsync("spiffe://example.org/first", Patience);
        switch (fault)
        {
            case "an identity is missing":
                agent.CloseWith(StatusCode.PermissionDenied, "no identity issued");
                await tool.ReadErrorLineAsync("no identity issued", Patience);
                break;
            case "a message is refused":
                agent.SendRaw([0, 0, 0, 0, 0]);
                await tool.ReadErrorLineAsync("Rejected an update", Patience);
                break;
            case "the stream is ended":
                agent.CloseWith(StatusCode.OK);
                await tool.ReadErrorLineAsync("retrying with backoff", Patience);
                break;
            case "the stream is lost":
                agent.Abort();
                await tool.ReadErrorLineAsync("retrying with backoff", Patience);
                break;
            default:
                await agent.StopAsync();
                await tool.ReadErrorLineAsync("retrying with backoff", Patience);
                await agent.RestartAsync();
                break;
        }

        agent.Send(Identity(pki, "/second"));
        await tool.ReadLineAsync("spiffe://example.org/second", Patience);
        await tool.SignalAsync("INT", Patience);
        Assert.Equal(0, (await tool.WaitAsync(Patience)).ExitCode);
    }

    [Fact, Trait("Trial", "A-10")]
    public async Task It_waits_for_the_first_identity_and_says_why_there_is_none()
    {
        var agent = await StartAgentAsync();
        await using var tool = Tool.Start(agent.AddressOf("web"), "watch");
        await tool.ReadErrorLineAsync("no identity issued", Patience);
        agent.Register("web", new DevIdentity("/late"));
        await tool.ReadLineAsync("spiffe://example.org/late", Patience);
    }

    [Theory, Trait("Trial", "A-10")]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_was_left_out_of_an_update_is_shown_once(bool json)
    {
        await using var agent = await FakeAgent.StartAsync();
        await using var tool = Tool.Start(agent.Address, ["watch", .. json ? ["--json"] : Array.Empty<string>()]);
        var pki = new TestPki();
        var message = X509SVIDResponse.Parser.ParseFrom(pki.ResponseBytes([pki.Leaf("/web")]));
        message.FederatedBundles.Add("spiffe://broken.test", ByteString.CopyFromUtf8("no certificate"));
        agent.Send(message);
        await tool.ReadLineAsync("The bundle of 'broken.test' is ignored", Patience);

        await tool.SignalAsync("TERM", Patience);
        Assert.Equal((0, ""), ((await tool.WaitAsync(Patience)).ExitCode, (await tool.WaitAsync(Patience)).Errors));
    }

    [Theory, Trait("Trial", "O-09")]
    [InlineData("--json")]
    [InlineData("")]
    public async Task It_ends_when_nobody_reads_it_any_more(string option)
    {
        var agent = await StartAgentAsync(new DevIdentity("/web"));
        var (exitCode, output) = await Tool.RunInShellAsync($"watch --socket {agent.AddressOf("web")} {option} | head -n 1", Patience);
        Assert.Equal(0, exitCode);
        Assert.Single(output.TrimEnd('\n').Split('\n'));
    }

    private static TestIdentity Identity(TestPki pki, string path) => new(pki.Leaf(path), pki.Authorities);
}
