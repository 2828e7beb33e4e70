
namespace AspNetSpiffe.Workload.Tests.Sources;

/// <summary>Agents on grpc-go, SPIRE's among them, end the stream of whoever pings more often than once in five minutes; a frozen agent is found all the same.</summary>
[Trait("Trial", "A-01"), Trait("Spec", "EP-34")]
public sealed class KeepAliveTests(ITestOutputHelper output) : SourceTest(output)
{
    private static readonly TimeSpan GrpcGoMinTime = TimeSpan.FromMinutes(5);

    [Fact]
    public void By_default_pings_are_rarer_than_grpc_go_forbids() => Assert.InRange(KeepAlive.Default.Delay, GrpcGoMinTime + TimeSpan.FromSeconds(10), TimeSpan.FromMinutes(10));

    [Fact]
    public void Each_complaint_makes_them_half_as_frequent_down_to_one_in_two_hours()
    {
        var delays = new List<double>();
        for (var keepAlive = KeepAlive.Default; delays.Count < 7; keepAlive = keepAlive.Calmer()) delays.Add(keepAlive.Delay.TotalMinutes);
        Assert.Equal([5.5, 11, 22, 44, 88, 120, 120], delays);
    }

    [Fact]
    public async Task A_stream_that_brings_many_messages_is_never_pinged_more_often_than_grpc_go_allows()
    {
        // .NET measures the round trip with pings of its own; grpc-go allows one for each frame that it has sent.
        AllowWarning("AgentUnavailable");
        await using var relay = new FrameRelay(Agent.SocketPath);
        var source = await StartGoodAsync(change: options => options.EndpointSocket = relay.Address);
        var federated = Enumerable.Range(0, 100).Select(i => new TestKit.TestPki($"other-{i}")).ToArray();
        for (var i = 0; i < 30; i++) await NextAsync(source, () => Agent.Send(Pki.Response(Pki.Leaf($"/{i}"), federated)));
        Assert.Equal(0, relay.Strikes);
        Assert.Equal(1, relay.Connections);
        Assert.Single(Agent.Calls);
    }

    [Fact]
    public async Task A_quiet_agent_is_pinged_as_often_as_the_options_say()
    {
        AllowWarning("AgentUnavailable");
        await using var relay = new FrameRelay(Agent.SocketPath);
        await StartGoodAsync(change: options => (options.EndpointSocket, options.KeepAlive) = (relay.Address, new(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(20))));
        await relay.WaitForStrikeAsync(Patience);
        Assert.Single(Agent.Calls);
    }

    [Fact]
    public async Task An_agent_that_finds_the_pings_too_many_is_pinged_less_and_the_operator_hears_it_once()
    {
        ExpectWarning("AgentUnavailable");
        await using var relay = new FrameRelay(Agent.SocketPath);
        Agent.Greeting = Pki.Response(Pki.Leaf());
        var source = await StartThroughAsync(relay);
        foreach (var delay in new[] { "00:11:00", "00:22:00" })
        {
            // The end of a connection may overtake its reason; whoever pings too often hears it again.
            var expected = $"The agent rejected our HTTP/2 keep-alive pings as too frequent (ENHANCE_YOUR_CALM): from now on one ping is sent per {delay}.";
            var problem = "";
            while (problem != expected)
            {
                var calls = Agent.Calls.Count;
                await relay.ComplainAsync();
                problem = await ProblemAsync(source);
                Assert.True(problem == expected || problem == "The connection was lost: The request was aborted.", problem);
                await PassPauseAsync();
                await Agent.WaitForCallAsync(calls + 1, Patience);
            }
        }

        await WaitForAsync("AgentUnavailable", Patience);
        Assert.Equal(1, Logged("AgentUnavailable"));
        Assert.Equal("/workload", source.Current!.DefaultSvid.Id.Path);
    }

    [Fact]
    public async Task An_agent_that_is_silent_though_the_SVID_grows_old_is_asked_anew()
    {
        var source = await StartGoodAsync();
        var life = source.Current!.DefaultSvid.NotAfter - Time.GetUtcNow();
        Time.Advance(life * 0.59);
        Assert.Single(Agent.Calls);

        Time.Advance(life * 0.02);
        await Agent.Calls[0].WaitForCancelAsync(Patience);
        Assert.Contains("it may be hung", await ProblemAsync(source), StringComparison.Ordinal);
        var next = NextAsync(source, () => Agent.Send(Pki.Response(Pki.Leaf("/next"))));
        await PassPauseAsync();
        Assert.Equal("/next", (await next).DefaultSvid.Id.Path);
        Assert.Equal(2, Agent.Calls.Count);
    }

    [Fact]
    public async Task An_agent_that_renews_in_time_keeps_its_stream()
    {
        var source = await StartGoodAsync();
        for (var i = 0; i < 5; i++)
        {
            Time.Advance(TimeSpan.FromMinutes(30));
            var now = Time.GetUtcNow();
            await NextAsync(source, () => Agent.Send(Pki.Response(Pki.Leaf(l => l with { NotBefore = now, NotAfter = now.AddHours(1) }))));
        }

        Assert.Single(Agent.Calls);
    }

    [Fact]
    public async Task A_frozen_agent_is_found_by_the_age_of_the_SVID_without_a_ping()
    {
        ExpectWarning("SvidNotRenewed");
        AllowWarning("AgentUnavailable");
        await using var relay = new TestKit.AgentRelay(Agent.SocketPath);
        Agent.Greeting = Pki.Response(Pki.Leaf());
        var source = await StartGoodAsync(change: options => options.EndpointSocket = relay.Address);

        // The greeting and the first step of the script: what comes later would say that the agent is not silent.
        await WaitForAsync("SvidRenewed", Patience, times: 2);
        relay.Freeze();
        var life = source.Current!.DefaultSvid.NotAfter - Time.GetUtcNow();
        await Time.WaitForTimerAsync(Patience, life * 0.61);
        Time.Advance(life * 0.61);
        await ProblemAsync(source);
        await PassPauseAsync();
        Time.Advance(life * 0.1);
        Assert.Contains("The agent has sent nothing for a long time", (await WaitForAsync("SvidNotRenewed", Patience)).Message, StringComparison.Ordinal);

        // It is another process now, at the same address.
        relay.Thaw();
        await Agent.WaitForCallAsync(2, Patience);
    }

    private async Task<X509Source> StartThroughAsync(FrameRelay relay)
    {
        var source = Start(options => options.EndpointSocket = relay.Address);
        await source.WaitForFirstAsync(Patience);
        return source;
    }

    private async Task<string> ProblemAsync(X509Source source)
    {
        await Time.WaitForTimerAsync(Patience, LongestPause);
        return source.LastProblem!;
    }
}
