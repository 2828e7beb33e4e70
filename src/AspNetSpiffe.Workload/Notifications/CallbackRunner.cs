using System.Diagnostics.CodeAnalysis;

namespace AspNetSpiffe;

/// <summary>Runs callbacks of the application after the change that they are notified of has taken effect.</summary>
/// <remarks>
/// Thread-safe. Exceptions of a call are caught. Calls run on a dedicated thread: one that blocks delays the calls behind it for a moment only, and occupies no thread of the
/// thread pool, which handshakes and requests need.
/// </remarks>
/// <param name="failed">Receives the exception of a call. Must not throw.</param>
internal sealed class CallbackRunner(Action<Exception> failed)
{
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(20);

    private readonly Lock _lock = new();
    private readonly Queue<Action> _waiting = [];
    private bool _running;

    /// <summary>Queues a call and does not wait for it.</summary>
    public void Post(Action call)
    {
        lock (_lock)
        {
            _waiting.Enqueue(call);
            if (_running) return;
            _running = true;
        }

        Start(Run);
    }

    // A thread that does not finish in time is blocked by a call: another thread continues with the calls behind it.
    private void Run()
    {
        do Start(Work).Join(Patience);
        while (HasMore());
    }

    private void Work()
    {
        while (TryTake(out var call)) NotificationQueue.Guard(call, failed);
    }

    private bool HasMore()
    {
        lock (_lock) return _running = _waiting.Count > 0;
    }

    private bool TryTake([NotNullWhen(true)] out Action? call)
    {
        lock (_lock) return _waiting.TryDequeue(out call);
    }

    private static Thread Start(ThreadStart run)
    {
        var thread = new Thread(run) { IsBackground = true, Name = "AspNetSpiffe callbacks" };
        thread.Start();
        return thread;
    }
}
