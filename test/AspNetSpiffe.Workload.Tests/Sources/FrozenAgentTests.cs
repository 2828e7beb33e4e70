using AspNetSpiffe.TestKit;

namespace AspNetSpiffe.Workload.Tests.Sources;

/// <summary>An agent that is there, and says nothing: only its silence gives it away.</summary>
public sealed class FrozenAgentTests(ITestOutputHelper output) : SourceTest(output)
{
    // SocketsHttpHandler asks by its own clock; this is the least that it takes.
    private static readonly KeepAlive Short = new(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1));

    [Fact, Trait("Spec", "EP-24")]
    public async Task An_agent_that_freezes_is_left_and_the_last_good_SVID_serves_until_it_is_back()
    {
        ExpectWarning("AgentUnavailable");
        await using var relay = new AgentRelay(Agent.SocketPath);
        var source = await StartGoodAsync(change: Through(relay));
        var good = source.Current;
        relay.Freeze();
        Assert.Contains("The connection was lost", (await WaitForAsync("AgentUnavailable", Patience)).Message, StringComparison.Ordinal);
        Assert.Same(good, source.Current);

        relay.Thaw();
        var next = NextAsync(source, () => Agent.Greeting = Pki.Response(Pki.Leaf("/after")));
        await PassPauseAsync();
        Assert.Equal("/after", (await next).DefaultSvid.Id.Path);
    }

    [Fact, Trait("Spec", "EP-24")]
    public async Task An_agent_that_never_says_a_word_is_tried_again_and_is_one_event()
    {
        ExpectWarning("AgentUnavailable");
        await using var relay = new AgentRelay(Agent.SocketPath);
        relay.Freeze();
        Start(Through(relay));
        await PassPauseAsync();
        await PassPauseAsync();
        await Time.WaitForTimerAsync(Patience, LongestPause);
        await WaitForAsync("AgentUnavailable", Patience);
        Assert.Equal(1, Logged("AgentUnavailable"));
    }

    [Fact]
    public async Task An_agent_that_is_quiet_and_alive_keeps_its_stream()
    {
        await using var relay = new AgentRelay(Agent.SocketPath);
        var source = await StartGoodAsync(change: Through(relay));

        // Longer than a frozen one would be waited for, by the very clock of the pings.
        await using var frozen = new AgentRelay(Agent.SocketPath);
        frozen.Freeze();
        ExpectWarning("AgentUnavailable");
        Start(Through(frozen));
        await WaitForAsync("AgentUnavailable", Patience);

        Assert.Single(Agent.Calls);
        await NextAsync(source, () => Agent.Send(Pki.Response(Pki.Leaf("/next"))));
        Assert.Single(Agent.Calls);
    }

    [Fact]
    public async Task An_agent_may_say_nothing_for_a_minute_however_short_its_SVIDs_live()
    {
        ExpectWarning("SvidNotRenewed");
        ExpectWarning("SvidExpired");
        var first = Pki.Leaf(l => l with { NotAfter = Time.GetUtcNow().AddSeconds(20) });
        Agent.Send(Pki.Response(first));
        var source = Start();
        await source.WaitForFirstAsync(Patience);

        // The source looks at the time after a message, and so before the next one.
        await NextAsync(source, () => Agent.Send(Pki.Response(first, new TestPki("other"))));
        Time.Advance(TimeSpan.FromSeconds(59));
        await NextAsync(source, () => Agent.Send(Pki.Response(Pki.Leaf("/next"))));
        Assert.Single(Agent.Calls);
    }

    private static Action<SpiffeOptions> Through(AgentRelay relay) => options => (options.EndpointSocket, options.KeepAlive) = (relay.Address, Short);
}
