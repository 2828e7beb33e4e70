using System.Diagnostics.CodeAnalysis;

namespace AspNetSpiffe;

/// <summary>Makes calls that may run callbacks of the application, after the effect that they are told of.</summary>
/// <remarks>
/// Thread-safe. Each call is guarded, and made on a thread of our own: one that blocks holds up neither those behind it for longer than a moment, nor a thread of the
/// pool, which handshakes and requests need.
/// </remarks>
/// <param name="failed">Is told of a call's exception. Must not throw.</param>
internal sealed class CallbackRunner(Action<Exception> failed)
{
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(20);

    private readonly Lock _lock = new();
    private readonly Queue<Action> _waiting = [];
    private bool _running;

    /// <summary>Takes a call to be made soon, and does not wait for it.</summary>
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

    // A thread that is not done in time is held up by a call: the next one goes on with those behind it.
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
