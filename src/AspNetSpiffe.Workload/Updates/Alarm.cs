namespace AspNetSpiffe;

/// <summary>A timer that is set anew or cancelled at will, for times of any length. Whatever it calls may fail: a timer must not end the process.</summary>
/// <remarks>Thread-safe. A call that is due already may come while <see cref="Cancel"/> returns: the one who is called looks again.</remarks>
internal sealed class Alarm(TimeProvider time, Action ring, Action<Exception> failed) : IDisposable
{
    // The timers of .NET take 49 days and no more.
    private static readonly TimeSpan Longest = TimeSpan.FromDays(40);

    private readonly Lock _lock = new();
    private ITimer? _timer;
    private int _round;
    private bool _disposed;

    /// <summary>Rings once, after a time; what was set before is forgotten.</summary>
    public void Set(TimeSpan due)
    {
        lock (_lock)
        {
            Cancel();
            if (!_disposed) Arm(due > TimeSpan.Zero ? due : TimeSpan.Zero);
        }
    }

    public void Cancel()
    {
        lock (_lock)
        {
            _round++;
            _timer?.Dispose();
            _timer = null;
        }
    }

    public void Dispose()
    {
        lock (_lock)
        {
            _disposed = true;
            Cancel();
        }
    }

    private void Arm(TimeSpan due)
    {
        var step = due < Longest ? due : Longest;
        var round = _round;
        _timer = time.CreateTimer(_ => Elapse(round, due - step), null, step, Timeout.InfiniteTimeSpan);
    }

    private void Elapse(int round, TimeSpan rest)
    {
        lock (_lock)
        {
            if (round != _round) return;
            Cancel();
            if (rest > TimeSpan.Zero)
            {
                Arm(rest);
                return;
            }
        }

        NotificationQueue.Guard(ring, failed);
    }
}
