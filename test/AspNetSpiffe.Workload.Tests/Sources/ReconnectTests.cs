using System.Net;
using System.Net.Sockets;
using AspNetSpiffe.TestKit;
using Grpc.Core;
using Microsoft.Extensions.Logging;

namespace AspNetSpiffe.Workload.Tests.Sources;

/// <summary>What the source does when the stream ends.</summary>
public sealed class ReconnectTests(ITestOutputHelper output) : SourceTest(output)
{
    private static readonly TimeSpan GoodTime = TimeSpan.FromSeconds(30);

    [Fact, Trait("Spec", "EP-24")]
    public async Task An_agent_that_is_gone_and_back_is_found_again()
    {
        ExpectWarning("AgentUnavailable");
        var source = await StartGoodAsync("/before");
        var good = source.Current;
        await Agent.StopAsync();
        await WaitForAsync("AgentUnavailable", Patience);
        Assert.Same(good, source.Current);

        await Agent.RestartAsync();
        var next = NextAsync(source, () => Agent.Send(Pki.Response(Pki.Leaf("/after"))));
        await PassPauseAsync();
        Assert.Equal("/after", (await next).DefaultSvid.Id.Path);
        Assert.Equal(2, Agent.Calls.Count);
    }

    [Fact, Trait("Spec", "EP-24")]
    public async Task An_agent_that_stays_away_is_one_event_for_each_cause_and_the_pauses_grow()
    {
        ExpectWarning("AgentUnavailable");
        var source = await StartGoodAsync();
        await Agent.StopAsync();

        var pauses = new List<TimeSpan>();
        for (var i = 0; i < 9; i++) pauses.Add(await PassPauseAsync());
        await Time.WaitForTimerAsync(Patience, LongestPause);
        await WaitForAsync("AgentUnavailable", Patience, times: 2);

        Assert.All(pauses.Zip([0.5, 1, 2, 4, 8, 16, 30, 30, 30]), p => Assert.InRange(p.First.TotalSeconds, p.Second * 0.8, p.Second));
        var problems = Logs.All.Where(r => r.Event.Name == "AgentUnavailable").ToArray();
        Assert.Equal(2, problems.Length);
        Assert.All(problems, r => Assert.Equal(LogLevel.Warning, r.Level));
        Assert.All(problems, r => Assert.Contains(Agent.Address, r.Message, StringComparison.Ordinal));
        Assert.Contains("The connection was lost", problems[0].Message, StringComparison.Ordinal);
        Assert.Contains("The socket does not exist", problems[1].Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_same_cause_after_a_good_time_is_an_event_again()
    {
        ExpectWarning("AgentUnavailable");
        Agent.CloseWith(StatusCode.Unavailable, "starting");
        Agent.Send(Pki.Response(Pki.Leaf()));
        Start();
        await PassPauseAsync();
        await WaitForAsync("SvidRenewed", Patience);
        Time.Advance(GoodTime);
        Agent.CloseWith(StatusCode.Unavailable, "starting");
        Agent.CloseWith(StatusCode.Unavailable, "starting");
        await PassPauseAsync();
        await Agent.WaitForCallAsync(3, Patience);
        await Time.WaitForTimerAsync(Patience, LongestPause);
        await WaitForAsync("AgentUnavailable", Patience, times: 2);
        Assert.Equal(2, Logged("AgentUnavailable"));
    }

    [Fact]
    [Trait("Spec", "WA-02"), Trait("Spec", "EP-27")]
    public async Task A_stream_that_ends_well_is_opened_again_after_a_pause_and_not_before()
    {
        ExpectWarning("AgentUnavailable");
        var same = Pki.Response(Pki.Leaf());
        Agent.OnEachCall = agent =>
        {
            agent.Send(same);
            agent.CloseWith(StatusCode.OK);
        };
        Start();

        for (var calls = 1; calls <= 5; calls++)
        {
            // The source sleeps now, so no call can come until the clock moves.
            var pause = await Time.WaitForTimerAsync(Patience, LongestPause);
            Assert.Equal(calls, Agent.Calls.Count);
            Assert.InRange(pause.TotalSeconds, 0.4, 0.5);

            Time.Advance(pause - TimeSpan.FromTicks(1));
            Assert.Equal(calls, Agent.Calls.Count);
            Time.Advance(TimeSpan.FromTicks(1));
            await Agent.WaitForCallAsync(calls + 1, Patience);
        }

        await WaitForAsync("AgentUnavailable", Patience);
        Assert.Equal(1, Logged("AgentUnavailable"));
    }

    [Fact, Trait("Spec", "EP-27")]
    public async Task Streams_that_end_well_without_a_message_are_opened_less_and_less_often()
    {
        ExpectWarning("AgentUnavailable");
        Agent.OnEachCall = agent => agent.CloseWith(StatusCode.OK);
        Start();
        var pauses = new List<TimeSpan>();
        for (var i = 0; i < 4; i++) pauses.Add(await PassPauseAsync());
        Assert.All(pauses.Zip(pauses.Skip(1)), pair => Assert.True(pair.First < pair.Second, $"{pair.First} then {pair.Second}"));
        await WaitForAsync("AgentUnavailable", Patience);
        Assert.Equal(1, Logged("AgentUnavailable"));
    }

    [Fact, Trait("Spec", "EP-27")]
    public async Task Streams_of_refused_messages_are_opened_less_and_less_often()
    {
        ExpectWarning("AgentUnavailable");
        ExpectWarning("UpdateRefused");
        Agent.OnEachCall = agent =>
        {
            agent.Send(new Wire.X509SVIDResponse());
            agent.CloseWith(StatusCode.OK);
        };
        Start();
        var pauses = new List<TimeSpan>();
        for (var i = 0; i < 4; i++) pauses.Add(await PassPauseAsync());
        Assert.All(pauses.Zip(pauses.Skip(1)), pair => Assert.True(pair.First < pair.Second, $"{pair.First} then {pair.Second}"));
    }

    [Theory]
    [Trait("Spec", "EP-24"), Trait("Spec", "EP-25"), Trait("Spec", "EP-27")]
    [InlineData(StatusCode.PermissionDenied)]
    [InlineData(StatusCode.Unavailable)]
    [InlineData(StatusCode.Internal)]
    [InlineData(StatusCode.Unknown)]
    [InlineData(StatusCode.ResourceExhausted)]
    [InlineData(StatusCode.DeadlineExceeded)]
    [InlineData(StatusCode.Cancelled)]
    public async Task A_status_that_may_pass_is_followed_by_another_attempt(StatusCode code)
    {
        ExpectWarning("AgentUnavailable");
        Agent.CloseWith(code, "not yet");
        Agent.CloseWith(code, "not yet");
        Agent.Send(Pki.Response(Pki.Leaf()));
        var source = Start();
        await PassPauseAsync();
        await PassPauseAsync();
        Assert.Equal("/workload", (await source.WaitForFirstAsync(Patience)).DefaultSvid.Id.Path);
        Assert.Equal(3, Agent.Calls.Count);
        await WaitForAsync("AgentUnavailable", Patience);
        Assert.Equal(1, Logged("AgentUnavailable"));
    }

    [Theory]
    [InlineData(StatusCode.InvalidArgument)]
    [InlineData(StatusCode.Unimplemented)]
    [Trait("Trial", "A-07"), Trait("Spec", "EP-33")]
    public async Task A_status_that_will_hardly_pass_is_tried_again_slowly_and_for_ever_when_the_stream_has_worked(StatusCode code)
    {
        ExpectWarning("AgentUnavailable");
        var source = await StartGoodAsync();
        Agent.OnEachCall = agent => agent.CloseWith(code, "no");
        Agent.CloseWith(code, "no");
        for (var i = 0; i < 5; i++) Assert.InRange(await PassPauseAsync(), LongestPause * 0.8, LongestPause);

        await Time.WaitForTimerAsync(Patience, LongestPause);
        await WaitForAsync("AgentUnavailable", Patience);
        var told = Assert.Single(Logs.All, record => record.Level >= LogLevel.Warning);
        Assert.Contains($"'{code}: no'", told.Message, StringComparison.Ordinal);
        Assert.EndsWith("It worked before, so it is retried from time to time.", told.Message, StringComparison.Ordinal);
        Assert.Equal("/workload", source.Current!.DefaultSvid.Id.Path);

        Agent.OnEachCall = null;
        var next = NextAsync(source, () => Agent.Send(Pki.Response(Pki.Leaf("/after"))));
        while (!next.IsCompleted) await Task.WhenAny(next, PassPauseAsync());
        Assert.Equal("/after", (await next).DefaultSvid.Id.Path);
    }

    [Fact, Trait("Spec", "EP-24")]
    public async Task A_connection_that_breaks_in_mid_message_is_made_again()
    {
        ExpectWarning("AgentUnavailable");
        Agent.SendRaw([0, 0, 0, 1, 0, 1, 2, 3]);
        Agent.Abort();
        Agent.Send(Pki.Response(Pki.Leaf()));
        var source = Start();
        await PassPauseAsync();
        await source.WaitForFirstAsync(Patience);
    }

    [Fact]
    public async Task Garbage_that_is_no_protobuf_costs_the_stream_but_not_the_context()
    {
        ExpectWarning("AgentUnavailable");
        var source = await StartGoodAsync("/good");
        var good = source.Current;
        Agent.SendRaw(GrpcFrame.Of([0xFF, 0xFF, 0xFF]));
        Assert.Contains("A message of 3 bytes is not a message of the Workload API.", (await WaitForAsync("AgentUnavailable", Patience)).Message, StringComparison.Ordinal);
        Assert.Same(good, source.Current);

        await Agent.Calls[0].WaitForCancelAsync(Patience);
        var next = NextAsync(source, () => Agent.Send(Pki.Response(Pki.Leaf("/next"))));
        await PassPauseAsync();
        Assert.Equal("/next", (await next).DefaultSvid.Id.Path);
    }

    [Fact]
    public async Task A_failure_that_nobody_foresaw_is_logged_and_the_watch_goes_on()
    {
        ExpectWarning("WatchFailed");
        var time = new BrokenTime();
        Agent.OnEachCall = agent => agent.Send(Pki.Response(Pki.Leaf()));
        await using var source = new X509Source(new() { EndpointSocket = Agent.Address }, Loggers, null, time);
        source.Start();
        Assert.Contains("The clock is broken.", (await WaitForAsync("WatchFailed", Patience)).Exception!.Message, StringComparison.Ordinal);
        await source.WaitForFirstAsync(Patience);
        await Agent.Calls[0].WaitForCancelAsync(Patience);
    }

    [Fact, Trait("Spec", "EP-09")]
    public async Task An_agent_on_another_host_is_warned_of()
    {
        ExpectWarning("AgentNotLocal");
        ExpectWarning("AgentUnavailable");
        using var deaf = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        deaf.Bind(new IPEndPoint(IPAddress.Loopback, 0));

        // Not a loopback address, and yet it leads nowhere else.
        var address = $"tcp://0.0.0.0:{((IPEndPoint)deaf.LocalEndPoint!).Port}";
        Start(options => options.EndpointSocket = address);
        Assert.Contains(address, (await WaitForAsync("AgentNotLocal", Patience)).Message, StringComparison.Ordinal);
        await WaitForAsync("AgentUnavailable", Patience);
    }

    /// <summary>A clock that throws the first time it is asked.</summary>
    private sealed class BrokenTime : TimeProvider
    {
        private int _asked;

        public override DateTimeOffset GetUtcNow() =>
            Interlocked.Increment(ref _asked) > 1 ? base.GetUtcNow() : throw new InvalidOperationException("The clock is broken.");
    }
}
