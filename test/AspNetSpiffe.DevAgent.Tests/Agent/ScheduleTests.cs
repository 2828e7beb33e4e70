using AspNetSpiffe.TestKit;
using AspNetSpiffe.Wire;

namespace AspNetSpiffe.AgentTests;

/// <summary>Renewal by the clock.</summary>
public sealed class ScheduleTests : AgentTest
{
    private readonly ManualTime _time = new();

    [Fact]
    public async Task An_SVID_is_renewed_at_half_of_its_life()
    {
        var agent = await StartAgentAsync(Options(TimeSpan.FromHours(1)).AddWorkload("web", "/web"));
        using var call = await Connect(agent).WatchX509Async(Patience);
        var first = await SerialNumberAsync(call);
        Assert.Equal(TimeSpan.FromMinutes(30), await _time.WaitForTimerAsync(Patience));

        _time.Advance(TimeSpan.FromMinutes(30));
        var second = await SerialNumberAsync(call);
        Assert.NotEqual(first, second);

        Assert.Equal(TimeSpan.FromMinutes(30), await _time.WaitForTimerAsync(Patience));
        _time.Advance(TimeSpan.FromMinutes(30));
        Assert.NotEqual(second, await SerialNumberAsync(call));
    }

    [Fact]
    public async Task A_rotation_on_demand_moves_the_next_one()
    {
        var agent = await StartAgentAsync(Options(TimeSpan.FromHours(1)).AddWorkload("web", "/web").AddWorkload("other", "/other"));
        await _time.WaitForTimerAsync(Patience);
        _time.Advance(TimeSpan.FromMinutes(20));
        agent.Rotate("web");
        using var call = await Connect(agent).WatchX509Async(Patience);
        using var other = await Connect(agent, "other").WatchX509Async(Patience);
        var (first, otherFirst) = (await SerialNumberAsync(call), await SerialNumberAsync(other));

        _time.Advance(TimeSpan.FromMinutes(10));
        Assert.NotEqual(otherFirst, await SerialNumberAsync(other));
        Assert.Equal(TimeSpan.FromMinutes(20), await _time.WaitForTimerAsync(Patience));
        Assert.Equal(first, Ders.Read((await Connect(agent).FetchX509Async(Patience)).Svids[0].X509Svid)[0].SerialNumber);
    }

    [Fact]
    public async Task A_lifetime_longer_than_a_timer_can_wait_is_possible()
    {
        await StartAgentAsync(Options(TimeSpan.FromDays(365)).AddWorkload("web", "/web"));
        Assert.Equal(TimeSpan.FromDays(1), await _time.WaitForTimerAsync(Patience));
    }

    [Fact]
    public async Task A_workload_that_gets_its_first_identity_late_is_renewed_too()
    {
        var agent = await StartAgentAsync(Options(TimeSpan.FromHours(1)).AddWorkload("web"));
        await _time.WaitForTimerAsync(Patience);
        _time.Advance(TimeSpan.FromMinutes(10));
        agent.Register("web", new DevIdentity("/late"));
        using var call = await Connect(agent).WatchX509Async(Patience);
        var first = await SerialNumberAsync(call);

        _time.Advance(TimeSpan.FromMinutes(20));
        Assert.Equal(TimeSpan.FromMinutes(10), await _time.WaitForTimerAsync(Patience));
        _time.Advance(TimeSpan.FromMinutes(10));
        Assert.NotEqual(first, await SerialNumberAsync(call));
    }

    private DevAgentOptions Options(TimeSpan lifetime) => new() { Directory = Folder, SvidLifetime = lifetime, TimeProvider = _time };

    private async Task<string> SerialNumberAsync(AgentCall call) =>
        Ders.Read((await call.ReadAsync(X509SVIDResponse.Parser, Patience))!.Svids[0].X509Svid)[0].SerialNumber;
}
