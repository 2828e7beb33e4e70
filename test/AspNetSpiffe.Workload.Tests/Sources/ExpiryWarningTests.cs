using AspNetSpiffe.TestKit;
using Grpc.Core;
using Microsoft.Extensions.Logging;

namespace AspNetSpiffe.Workload.Tests.Sources;

/// <summary>What an operator hears of an SVID that grows old: the whole texts.</summary>
[Trait("Trial", "O-01")]
public sealed class ExpiryWarningTests : SourceTest
{
    private readonly DateTimeOffset _end;

    public ExpiryWarningTests(ITestOutputHelper output) : base(output) =>
        _end = DateTimeOffset.FromUnixTimeSeconds(Time.GetUtcNow().ToUnixTimeSeconds()).AddHours(1);

    [Fact]
    public async Task An_agent_that_is_gone_is_told_of_at_a_third_of_the_life_near_its_end_and_at_expiry()
    {
        ExpectWarning("AgentUnavailable");
        ExpectWarning("SvidNotRenewed");
        ExpectWarning("SvidExpired");
        await StartHourAsync();
        var since = Time.GetUtcNow();
        await Agent.StopAsync();
        await WaitForAsync("AgentUnavailable", Patience);
        await PassPauseAsync();
        await WaitForAsync("AgentUnavailable", Patience, times: 2);
        await Time.WaitForTimerAsync(Patience, LongestPause);
        var why = $"The SPIFFE Workload API at '{Agent.Address}' has reported an error since {since:u}. The socket does not exist. Start the agent, or correct the address.";

        await PassAsync(TimeSpan.FromMinutes(39));
        Assert.Equal(0, Logged("SvidNotRenewed"));
        await PassAsync(TimeSpan.FromMinutes(1.1));
        var told = await WaitForAsync("SvidNotRenewed", Patience);
        Assert.Equal(LogLevel.Warning, told.Level);
        Assert.Equal($"The SVID spiffe://td/workload expires at {_end:u}, in 00:20:00, and has not been renewed. {why}", told.Message);

        await PassAsync(TimeSpan.FromMinutes(14));
        told = await WaitForAsync("SvidNotRenewed", Patience, times: 2);
        Assert.Equal($"The SVID spiffe://td/workload expires at {_end:u}, in 00:06:00, and has not been renewed. {why}", told.Message);

        await PassAsync(TimeSpan.FromMinutes(6));
        told = await WaitForAsync("SvidExpired", Patience);
        Assert.Equal(LogLevel.Error, told.Level);
        Assert.Equal($"The SVID spiffe://td/workload expired at {_end:u}: peers reject this workload. {why}", told.Message);
        await PassAsync(TimeSpan.FromMinutes(20));
        Assert.Equal((2, 1), (Logged("SvidNotRenewed"), Logged("SvidExpired")));
    }

    [Fact]
    public async Task A_new_cause_is_told_again()
    {
        ExpectWarning("AgentUnavailable");
        ExpectWarning("SvidNotRenewed");
        ExpectWarning("SvidExpired");
        await StartHourAsync();
        Agent.OnEachCall = agent => agent.CloseWith(StatusCode.Unavailable, "starting");
        Agent.CloseWith(StatusCode.Unavailable, "starting");
        await WaitForAsync("AgentUnavailable", Patience);
        await PassAsync(TimeSpan.FromMinutes(41));
        Assert.Contains("'Unavailable: starting'", (await WaitForAsync("SvidNotRenewed", Patience)).Message, StringComparison.Ordinal);

        Agent.OnEachCall = agent => agent.CloseWith(StatusCode.Internal, "no server");
        await PassAsync(TimeSpan.FromMinutes(1));
        Assert.Contains("'Internal: no server'", (await WaitForAsync("SvidNotRenewed", Patience, times: 2)).Message, StringComparison.Ordinal);

        await PassAsync(TimeSpan.FromMinutes(20));
        Assert.Contains("'Internal: no server'", (await WaitForAsync("SvidExpired", Patience)).Message, StringComparison.Ordinal);
        Agent.OnEachCall = agent => agent.CloseWith(StatusCode.Aborted, "again");
        await PassAsync(TimeSpan.FromMinutes(1));
        Assert.Contains("'Aborted: again'", (await WaitForAsync("SvidExpired", Patience, times: 2)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_agent_that_is_there_and_does_not_renew_is_told_of_too()
    {
        ExpectWarning("SvidNotRenewed");
        var leaf = Leaf();
        Agent.Greeting = Pki.Response(leaf);
        var source = Start();
        await source.WaitForFirstAsync(Patience);
        await Time.WaitForTimerAsync(Patience, TimeSpan.FromMinutes(36.5));
        Time.Advance(TimeSpan.FromMinutes(36.5));
        await PassPauseAsync();
        await Agent.WaitForCallAsync(2, Patience);
        await NextAsync(source, () => Agent.Send(Pki.Response(leaf, new TestPki("other"))));
        Time.Advance(TimeSpan.FromMinutes(4));
        Assert.Equal(
            $"The SVID spiffe://td/workload expires at {_end:u}, in 00:20:00, and has not been renewed. The SPIFFE Workload API at '{Agent.Address}' " +
            "has sent no newer SVID, although it reports no error: check the agent's log and its connection to the server.",
            (await WaitForAsync("SvidNotRenewed", Patience)).Message);
    }

    [Fact]
    public async Task An_SVID_that_is_renewed_in_time_is_not_told_of_and_the_next_has_a_life_of_its_own()
    {
        ExpectWarning("SvidNotRenewed");
        var source = await StartHourAsync();
        Time.Advance(TimeSpan.FromMinutes(30));
        await NextAsync(source, () => Agent.Send(Pki.Response(Pki.Leaf(l => l with { NotAfter = _end.AddHours(2) }))));
        Time.Advance(TimeSpan.FromMinutes(60));
        Assert.Equal(0, Logged("SvidNotRenewed"));
        Time.Advance(TimeSpan.FromMinutes(45));
        await WaitForAsync("SvidNotRenewed", Patience);
    }

    [Fact]
    public async Task A_change_of_bundles_begins_no_new_life()
    {
        ExpectWarning("SvidNotRenewed");
        var leaf = Leaf();
        Agent.Send(Pki.Response(leaf));
        var source = Start();
        await source.WaitForFirstAsync(Patience);
        Time.Advance(TimeSpan.FromMinutes(30));
        await NextAsync(source, () => Agent.Send(Pki.Response(leaf, new TestPki("other"))));
        Time.Advance(TimeSpan.FromMinutes(11));
        await WaitForAsync("SvidNotRenewed", Patience);
    }

    [Fact]
    public async Task An_identity_that_was_taken_back_does_not_expire()
    {
        ExpectWarning("IdentityWithdrawn");
        ExpectWarning("AgentUnavailable");
        var source = await StartHourAsync();
        Agent.OnEachCall = agent => agent.CloseWith(StatusCode.Unavailable, "starting");
        Agent.CloseWith(StatusCode.PermissionDenied, "no");
        await WaitForAsync("IdentityMissing", Patience);
        Time.Advance(TimeSpan.FromHours(2));
        await WaitForAsync("IdentityWithdrawn", Patience);

        // New trouble makes the source look at the age of what it has.
        var next = source.GetChangeToken().ChangedAsync(Patience);
        while (Logged("AgentUnavailable") < 2) await PassPauseAsync();
        Agent.OnEachCall = null;
        Agent.Send(Pki.Response(Pki.Leaf(l => l with { NotAfter = _end.AddHours(4) })));
        while (!next.IsCompleted) await Task.WhenAny(next, PassPauseAsync());
        await next;
        Assert.Equal((0, 0), (Logged("SvidNotRenewed"), Logged("SvidExpired")));
    }

    [Fact]
    public async Task An_alarm_for_a_year_rings_after_a_year_and_once()
    {
        var rung = 0;
        using var alarm = new Alarm(Time, () => rung++, static e => throw e);
        alarm.Set(TimeSpan.FromDays(365));
        for (var days = 0; days < 360; days += 36)
        {
            // The timers of .NET take 49 days and no more.
            Assert.InRange(await Time.WaitForTimerAsync(Patience), TimeSpan.Zero, TimeSpan.FromDays(49));
            Time.Advance(TimeSpan.FromDays(36));
        }

        Time.Advance(TimeSpan.FromDays(4.9));
        Assert.Equal(0, rung);
        Time.Advance(TimeSpan.FromDays(0.2));
        Time.Advance(TimeSpan.FromDays(800));
        Assert.Equal(1, rung);
    }

    [Fact]
    public void An_alarm_that_is_cancelled_while_its_timer_fires_does_not_ring()
    {
        var (time, rung) = (new HeldTime(), 0);
        using var alarm = new Alarm(time, () => rung++, static e => throw e);
        alarm.Set(TimeSpan.FromSeconds(1));
        var cancelled = time.Fire;
        alarm.Cancel();
        cancelled();
        Assert.Equal(0, rung);

        alarm.Set(TimeSpan.FromSeconds(1));
        cancelled();
        Assert.Equal(0, rung);
        time.Fire();
        Assert.Equal(1, rung);
    }

    [Fact, Trait("Trial", "H-01")]
    public void What_an_alarm_calls_may_fail()
    {
        Exception? told = null;
        using var alarm = new Alarm(Time, () => throw new InvalidOperationException("ring"), e => told = e);
        alarm.Set(TimeSpan.FromSeconds(1));
        Time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal("ring", told!.Message);
        alarm.Set(TimeSpan.FromSeconds(1));
        alarm.Cancel();
        told = null;
        Time.Advance(TimeSpan.FromSeconds(1));
        alarm.Dispose();
        alarm.Set(TimeSpan.FromSeconds(1));
        Time.Advance(TimeSpan.FromSeconds(1));
        Assert.Null(told);
    }

    /// <summary>Lets time pass as it does: no attempt is overtaken by the clock.</summary>
    private async Task PassAsync(TimeSpan time)
    {
        for (var end = Time.GetUtcNow() + time; Time.GetUtcNow() < end;)
        {
            var pause = await Time.WaitForTimerAsync(Patience, LongestPause);
            var left = end - Time.GetUtcNow();
            Time.Advance(pause < left ? pause : left);
        }
    }

    private TestSvid Leaf() => Pki.Leaf(l => l with { NotAfter = _end });

    private async Task<X509Source> StartHourAsync()
    {
        Agent.Send(Pki.Response(Leaf()));
        var source = Start();
        await source.WaitForFirstAsync(Patience);
        await WaitForAsync("SvidRenewed", Patience);
        return source;
    }

    /// <summary>A clock whose timers fire when the test says so, disposed or not, as one that was about to fire does.</summary>
    private sealed class HeldTime : TimeProvider
    {
        public Action Fire { get; private set; } = null!;

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            Fire = () => callback(state);
            return System.CreateTimer(static _ => { }, null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        }
    }
}
