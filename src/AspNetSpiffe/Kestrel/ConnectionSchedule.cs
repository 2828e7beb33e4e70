namespace AspNetSpiffe;

/// <summary>When to look at which connection again. One timer for all, and whoever is due is found without looking at the others.</summary>
/// <remarks>Thread-safe: its lock is held for one connection at a time.</remarks>
internal sealed class ConnectionSchedule(TimeProvider time, Action someAreDue) : IDisposable
{
    // Timers end at 49 days; to look again each day costs nothing.
    private static readonly TimeSpan LongestWait = TimeSpan.FromDays(1);
    private static readonly TimeSpan WaitAfterFault = TimeSpan.FromSeconds(1);

    // A moment later: a timer may fire a little before its time.
    private static readonly TimeSpan Moment = TimeSpan.FromMilliseconds(1);

    private readonly Lock _lock = new();
    private readonly SortedSet<PeerConnection> _byTime = new(Comparer<PeerConnection>.Create(static (one, other) => (one.DueAt, one.Number).CompareTo((other.DueAt, other.Number))));
    private readonly ITimer _timer = time.CreateTimer(_ => someAreDue(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    private DateTimeOffset _timerAt = DateTimeOffset.MaxValue;

    /// <summary>Finds one whose time has come, if there is one. It stays until it is set anew, so that a fault loses nobody.</summary>
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

    /// <summary>Says when to look again; <see cref="DateTimeOffset.MaxValue"/> means never.</summary>
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

    /// <summary>Forgets one that has closed: it must not stay in memory until its SVID expires.</summary>
    public void Remove(PeerConnection connection)
    {
        lock (_lock)
        {
            connection.IsGone = true;
            Take(connection);
        }
    }

    /// <summary>Looks again in a moment for those that were due and could not be looked at.</summary>
    public void Retry() => _timer.Change(WaitAfterFault, Timeout.InfiniteTimeSpan);

    public void Dispose() => _timer.Dispose();

    private void Take(PeerConnection connection)
    {
        _byTime.Remove(connection);
        connection.DueAt = DateTimeOffset.MaxValue;
    }

    // One that is set too early does no harm: it finds nobody, and is set again.
    private void SetTimer(DateTimeOffset now)
    {
        if (_byTime.Min is not { } first || first.DueAt >= _timerAt) return;
        _timerAt = first.DueAt;
        var wait = _timerAt > now ? _timerAt - now + Moment : Moment;
        _timer.Change(wait < LongestWait ? wait : LongestWait, Timeout.InfiniteTimeSpan);
    }
}
