namespace AspNetSpiffe.TestKit;

/// <summary>A clock that stands until <see cref="Advance"/> moves it; timers fire on the caller's thread, in the order in which they are due.</summary>
/// <remarks>Wait with <see cref="WaitForTimerAsync"/> until the code under test waits for a timer, then advance: no race, no real time.</remarks>
public sealed class ManualTime : TimeProvider
{
    private readonly Lock _lock = new();
    private readonly List<ManualTimer> _timers = [];
    private TaskCompletionSource _armed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private DateTimeOffset _now;
    private TimeSpan _jumped;

    /// <summary>Creates a clock that begins at a moment, or at the real time of now, so that certificates of the test are valid.</summary>
    public ManualTime(DateTimeOffset? start = null) => _now = start ?? System.GetUtcNow();

    /// <inheritdoc/>
    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    /// <inheritdoc/>
    public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;

    /// <inheritdoc/>
    public override DateTimeOffset GetUtcNow()
    {
        lock (_lock) return _now;
    }

    /// <inheritdoc/>
    public override long GetTimestamp()
    {
        lock (_lock) return (_now - _jumped).UtcTicks;
    }

    /// <inheritdoc/>
    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new ManualTimer(this, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    /// <summary>Moves the clock, and stops at each timer on the way to fire it at its own moment.</summary>
    public void Advance(TimeSpan time)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(time, TimeSpan.Zero);
        var end = GetUtcNow() + time;
        while (TakeNextDue(end) is { } timer) timer.Fire();
        lock (_lock) _now = end;
    }

    /// <summary>Changes the time of day, as a correction of a wrong clock does: timers are not affected.</summary>
    public void Jump(TimeSpan time)
    {
        lock (_lock)
        {
            _now += time;
            _jumped += time;
            foreach (var timer in _timers) timer.Due += time;
        }
    }

    /// <summary>Waits until a timer is armed that is due within <paramref name="most"/>, and says in what time the first one is due.</summary>
    /// <param name="cancellationToken">The test's timeout.</param>
    /// <param name="most">Leaves out the timers of longer limits; infinite for all.</param>
    public async Task<TimeSpan> WaitForTimerAsync(CancellationToken cancellationToken, TimeSpan? most = null)
    {
        while (true)
        {
            Task armed;
            lock (_lock)
            {
                var due = _timers.Select(t => t.Due - _now).Where(wait => most is null || wait <= most).Order().Take(1).ToArray();
                if (due is [var first]) return first;
                armed = _armed.Task;
            }

            await armed.WaitAsync(cancellationToken);
        }
    }

    private ManualTimer? TakeNextDue(DateTimeOffset end)
    {
        lock (_lock)
        {
            var next = _timers.MinBy(t => t.Due);
            if (next is null || next.Due > end) return null;

            if (next.Due > _now) _now = next.Due;
            if (next.Period > TimeSpan.Zero) next.Due += next.Period;
            else _timers.Remove(next);
            return next;
        }
    }

    private sealed class ManualTimer(ManualTime time, TimerCallback callback, object? state) : ITimer
    {
        private static readonly TimeSpan Longest = TimeSpan.FromMilliseconds(uint.MaxValue - 1);

        private bool _disposed;

        public DateTimeOffset Due { get; set; }

        public TimeSpan Period { get; private set; }

        public void Fire() => callback(state);

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            // As the timers of .NET.
            ArgumentOutOfRangeException.ThrowIfGreaterThan(dueTime, Longest);

            TaskCompletionSource armed;
            lock (time._lock)
            {
                time._timers.Remove(this);
                if (_disposed) return false;
                if (dueTime == Timeout.InfiniteTimeSpan) return true;

                (Due, Period) = (time._now + dueTime, period);
                time._timers.Add(this);
                armed = time._armed;
                time._armed = new(TaskCreationOptions.RunContinuationsAsynchronously);
            }

            armed.SetResult();
            return true;
        }

        public void Dispose()
        {
            lock (time._lock)
            {
                _disposed = true;
                time._timers.Remove(this);
            }
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
