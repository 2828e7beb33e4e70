namespace AspNetSpiffe;

/// <summary>The times of the next check of each connection: a priority queue with one timer, so that due connections are found without visiting the others.</summary>
/// <remarks>Thread-safe: its lock is held for one operation on one connection.</remarks>
internal sealed class ConnectionSchedule(TimeProvider time, Action someAreDue) : IDisposable
{
    // Timers are limited to 49 days; a check per day costs nothing.
    private static readonly TimeSpan LongestWait = TimeSpan.FromDays(1);
    private static readonly TimeSpan WaitAfterFault = TimeSpan.FromSeconds(1);

    // A small delay, because a timer may fire a little early.
    private static readonly TimeSpan Moment = TimeSpan.FromMilliseconds(1);

    private readonly Lock _lock = new();
    private readonly SortedSet<PeerConnection> _byTime = new(Comparer<PeerConnection>.Create(static (one, other) => (one.DueAt, one.Number).CompareTo((other.DueAt, other.Number))));
    private readonly ITimer _timer = time.CreateTimer(_ => someAreDue(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    private DateTimeOffset _timerAt = DateTimeOffset.MaxValue;

    /// <summary>Finds a due connection, if there is one. It stays in the queue until it is rescheduled, so that an exception loses no connection.</summary>
    public PeerConnection? FindDue(DateTimeOffset now)
    {
        lock (_lock)
        {
            if (_byTime.Min is { } first && first.DueAt <= now) return first;
            _timerAt = DateTimeOffset.MaxValue;
            SetTimer(now);
            return null;
        }
    }

    /// <summary>Schedules the next check; <see cref="DateTimeOffset.MaxValue"/> means never.</summary>
    public void Set(PeerConnection connection, DateTimeOffset at, DateTimeOffset now)
    {
        if (at <= now) at = now + Moment;
        lock (_lock)
        {
            if (at == connection.DueAt || connection.IsGone) return;
            Take(connection);
            if (at == DateTimeOffset.MaxValue) return;
            connection.DueAt = at;
            _byTime.Add(connection);
            SetTimer(now);
        }
    }

    /// <summary>Removes a closed connection, which must not stay in memory until its SVID expires.</summary>
    public void Remove(PeerConnection connection)
    {
        lock (_lock)
        {
            connection.IsGone = true;
            Take(connection);
        }
    }

    /// <summary>Schedules a retry for due connections whose check failed.</summary>
    public void Retry() => _timer.Change(WaitAfterFault, Timeout.InfiniteTimeSpan);

    public void Dispose() => _timer.Dispose();

    private void Take(PeerConnection connection)
    {
        _byTime.Remove(connection);
        connection.DueAt = DateTimeOffset.MaxValue;
    }

    // A timer that fires too early is harmless: it finds no due connection and is set again.
    private void SetTimer(DateTimeOffset now)
    {
        if (_byTime.Min is not { } first || first.DueAt >= _timerAt) return;
        _timerAt = first.DueAt;
        var wait = _timerAt > now ? _timerAt - now + Moment : Moment;
        _timer.Change(wait < LongestWait ? wait : LongestWait, Timeout.InfiniteTimeSpan);
    }
}
