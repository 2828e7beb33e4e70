using AspNetSpiffe.TestKit;
using Grpc.Core;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Primitives;

namespace AspNetSpiffe.Workload.Tests.Sources;

/// <summary>However many sources a process has, it opens an endpoint's stream once.</summary>
public sealed class SharedStreamTests(ITestOutputHelper output) : SourceTest(output)
{
    [Fact, Trait("Spec", "WA-02")]
    public async Task Sources_of_one_endpoint_share_one_stream()
    {
        Agent.Send(Pki.Response(Pki.Leaf("/first")));
        var sources = Enumerable.Range(0, 5).Select(_ => Start()).ToArray();
        foreach (var source in sources) Assert.Equal("/first", (await source.WaitForFirstAsync(Patience)).DefaultSvid.Id.Path);

        var next = sources.Skip(1).Select(source => NextAsync(source, () => { })).ToArray();
        await NextAsync(sources[0], () => Agent.Send(Pki.Response(Pki.Leaf("/second"))));
        foreach (var context in await Task.WhenAll(next)) Assert.Equal("/second", context.DefaultSvid.Id.Path);
        Assert.Single(Agent.Calls);
    }

    [Fact]
    public async Task Sources_started_without_a_host_share_one_stream_too()
    {
        Agent.Send(Pki.Response(Pki.Leaf()));
        var options = new SpiffeOptions { EndpointSocket = Agent.Address };
        var sources = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => Task.Run(() => X509Source.StartAsync(options, Loggers, Patience))));
        Assert.Single(Agent.Calls);
        Assert.All(sources, source => Assert.Same(sources[0].Current!.DefaultSvid, source.Current!.DefaultSvid));

        await Task.WhenAll(sources.Select(source => source.DisposeAsync().AsTask()));
        await Agent.Calls[0].WaitForCancelAsync(Patience);
    }

    [Fact, Trait("Spec", "WA-10")]
    public async Task Each_source_has_the_SVID_that_it_asked_for()
    {
        ExpectWarning("UpdateRefused");
        ExpectWarning("SeveralSvids");
        Agent.Send(Pki.Response([Pki.Leaf("/a"), Pki.Leaf("/b")]));
        var (first, second, none) = (Start(), Start(options => options.Identity = "spiffe://td/b"), Start(options => options.Hint = "none"));
        Assert.Equal("/a", (await first.WaitForFirstAsync(Patience)).DefaultSvid.Id.Path);
        Assert.Equal("/b", (await second.WaitForFirstAsync(Patience)).DefaultSvid.Id.Path);
        await WaitForAsync("UpdateRefused", Patience);
        Assert.Null(none.Current);
        Assert.Single(Agent.Calls);
    }

    [Fact]
    public async Task The_stream_ends_with_its_last_source_and_another_source_opens_it_again()
    {
        var first = await StartGoodAsync("/first");
        var second = Start();
        await second.WaitForFirstAsync(Patience);

        await first.DisposeAsync();
        await NextAsync(second, () => Agent.Send(Pki.Response(Pki.Leaf("/second"))));
        await second.DisposeAsync();
        await Agent.Calls[0].WaitForCancelAsync(Patience);

        Agent.Send(Pki.Response(Pki.Leaf("/third")));
        Assert.Equal("/third", (await Start().WaitForFirstAsync(Patience)).DefaultSvid.Id.Path);
        Assert.Equal(2, Agent.Calls.Count);
    }

    [Fact]
    public async Task Sources_that_come_and_go_at_once_leave_no_stream_behind()
    {
        Agent.Greeting = Pki.Response(Pki.Leaf());
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(async () =>
        {
            for (var i = 0; i < 25; i++)
            {
                await using var source = new X509Source(new() { EndpointSocket = Agent.Address }, NullLoggerFactory.Instance, null, Time);
                source.Start();
                await source.WaitForFirstAsync(Patience);
            }
        })));
        foreach (var call in Agent.Calls) await call.WaitForCancelAsync(Patience);
    }

    [Fact, Trait("Spec", "WA-29")]
    public async Task An_identical_message_of_a_stream_that_was_opened_again_notifies_no_source()
    {
        ExpectWarning("AgentUnavailable");
        Agent.Greeting = Pki.Response(Pki.Leaf());
        var sources = new[] { Start(), Start() };
        foreach (var source in sources) await source.WaitForFirstAsync(Patience);

        // Whoever waits for the first may have it before it is told of.
        await WaitForAsync("SvidRenewed", Patience, sources.Length);
        var tokens = sources.Select(source => source.GetChangeToken()).ToArray();

        Agent.CloseWith(StatusCode.OK);
        await PassPauseAsync();
        await Agent.WaitForCallAsync(2, Patience);

        // A message that is refused is the proof that the one before it was taken in.
        ExpectWarning("UpdateRefused");
        Agent.Send(new Wire.X509SVIDResponse());
        await WaitForAsync("UpdateRefused", Patience);
        await Start().WaitForFirstAsync(Patience);
        Assert.All(tokens, token => Assert.False(token.HasChanged));
    }

    [Fact]
    public async Task What_happens_to_the_connection_is_logged_once_and_not_by_each_source()
    {
        ExpectWarning("AgentUnavailable");
        ExpectWarning("UpdateRefused");
        var sources = new[] { await StartGoodAsync(), Start(), Start() };
        foreach (var source in sources) await source.WaitForFirstAsync(Patience);

        Agent.Send(new Wire.X509SVIDResponse());
        await WaitForAsync("UpdateRefused", Patience);
        await Agent.StopAsync();
        await WaitForAsync("AgentUnavailable", Patience);
        for (var i = 0; i < 5; i++) await PassPauseAsync();
        await WaitForAsync("AgentUnavailable", Patience, times: 2);
        await Time.WaitForTimerAsync(Patience, LongestPause);
        Assert.Equal(1, Logged("UpdateRefused"));
        Assert.Equal(2, Logged("AgentUnavailable"));
    }

    [Fact]
    public async Task A_source_without_a_log_or_with_one_that_fails_hides_nothing_from_the_others()
    {
        ExpectWarning("AgentUnavailable");
        Agent.Send(Pki.Response(Pki.Leaf()));
        using var failing = LoggerFactory.Create(logging => logging.AddProvider(new FullLog()));
        await using var mute = new X509Source(new() { EndpointSocket = Agent.Address }, NullLoggerFactory.Instance, null, Time);
        await using var broken = new X509Source(new() { EndpointSocket = Agent.Address }, failing, null, Time);
        foreach (var source in new[] { mute, broken, Make() })
        {
            source.Start();
            await source.WaitForFirstAsync(Patience);
        }

        await Agent.StopAsync();
        await WaitForAsync("AgentUnavailable", Patience);
    }

    [Fact]
    public async Task A_subscriber_that_hangs_holds_up_its_own_source_only()
    {
        var (hang, patience) = (new TaskCompletionSource(), Patience);
        var caughtUp = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var (stuck, free) = (await StartGoodAsync(), Start());
        await free.WaitForFirstAsync(Patience);
        using var subscription = ChangeToken.OnChange(stuck.GetChangeToken, () =>
        {
            hang.Task.Wait(patience);
            if (stuck.Current!.DefaultSvid.Id.Path == "/39") caughtUp.TrySetResult();
        });

        for (var i = 0; i < 40; i++)
            await NextAsync(free, () => Agent.Send(Pki.Response(Pki.Leaf($"/{i}"))));
        hang.SetResult();
        await caughtUp.Task.WaitAsync(Patience);
        Assert.Equal("/39", stuck.Current!.DefaultSvid.Id.Path);
    }

    [Fact]
    public async Task Sources_of_different_clocks_share_nothing()
    {
        Agent.Greeting = Pki.Response(Pki.Leaf());
        await Start().WaitForFirstAsync(Patience);
        await using var other = new X509Source(new() { EndpointSocket = Agent.Address }, Loggers, null, new ManualTime());
        other.Start();
        await other.WaitForFirstAsync(Patience);
        Assert.Equal(2, Agent.Calls.Count);
    }
}
