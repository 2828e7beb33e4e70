namespace AspNetSpiffe;

/// <summary>A timer that can be set again or cancelled, for a delay of any length. Exceptions of the callback are caught, so that they do not end the process.</summary>
/// <remarks>Thread-safe. A callback that is already due may still run when <see cref="Cancel"/> returns, so callbacks check their condition again.</remarks>
internal sealed class Alarm(TimeProvider time, Action ring, Action<Exception> failed) : IDisposable
{
    // .NET timers are limited to 49 days.
    private static readonly TimeSpan Longest = TimeSpan.FromDays(40);

    private readonly Lock _lock = new();
    private ITimer? _timer;
    private int _round;
    private bool _disposed;

    /// <summary>Schedules one callback; it replaces the one that was scheduled before.</summary>
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
