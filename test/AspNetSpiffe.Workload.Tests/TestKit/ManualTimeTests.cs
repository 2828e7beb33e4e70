using AspNetSpiffe.TestKit;

namespace AspNetSpiffe.Tests.TestKit;

public sealed class ManualTimeTests
{
    private static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private readonly ManualTime _time = new(Start);

    [Fact]
    public void Time_stands_until_it_is_advanced()
    {
        var timestamp = _time.GetTimestamp();
        Assert.Equal(Start, _time.GetUtcNow());
        _time.Advance(TimeSpan.FromSeconds(3));
        Assert.Equal(Start.AddSeconds(3), _time.GetUtcNow());
        Assert.Equal(TimeSpan.FromSeconds(3), _time.GetElapsedTime(timestamp));
    }

    [Fact]
    public void Timers_fire_in_order_at_their_own_moments()
    {
        var fired = new List<(string Name, double Seconds)>();
        void Note(object? name) => fired.Add(((string)name!, (_time.GetUtcNow() - Start).TotalSeconds));
        using var late = _time.CreateTimer(Note, "late", TimeSpan.FromSeconds(3), Timeout.InfiniteTimeSpan);
        using var every = _time.CreateTimer(Note, "every", TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(2));
        using var never = _time.CreateTimer(Note, "never", Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        using var ended = _time.CreateTimer(Note, "ended", TimeSpan.FromSeconds(1), Timeout.InfiniteTimeSpan);
        ended.Dispose();
        Assert.False(ended.Change(TimeSpan.Zero, TimeSpan.Zero));

        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Empty(fired);
        _time.Advance(TimeSpan.FromSeconds(3.5));
        Assert.Equal([("every", 2), ("late", 3), ("every", 4)], fired);
        Assert.Equal(Start.AddSeconds(4.5), _time.GetUtcNow());
    }

    [Fact]
    public async Task A_delay_ends_when_its_time_has_come()
    {
        var delay = Task.Delay(TimeSpan.FromMinutes(5), _time);
        _time.Advance(TimeSpan.FromMinutes(4));
        Assert.False(delay.IsCompleted);
        _time.Advance(TimeSpan.FromMinutes(1));
        await delay.WaitAsync(HangLimit.OfATest);
    }

    [Fact]
    public async Task A_test_can_wait_until_the_code_sleeps()
    {
        using var patience = new CancellationTokenSource(HangLimit.OfATest);
        var waiting = _time.WaitForTimerAsync(patience.Token, most: TimeSpan.FromMinutes(1));
        using var limit = _time.CreateTimer(_ => { }, null, TimeSpan.FromHours(1), Timeout.InfiniteTimeSpan);
        Assert.False(waiting.IsCompleted);

        var delay = Task.Delay(TimeSpan.FromSeconds(8), _time);
        Assert.Equal(TimeSpan.FromSeconds(8), await waiting);
        Assert.Equal(TimeSpan.FromSeconds(8), await _time.WaitForTimerAsync(patience.Token));

        _time.Advance(TimeSpan.FromSeconds(8));
        await delay.WaitAsync(patience.Token);
    }
}
