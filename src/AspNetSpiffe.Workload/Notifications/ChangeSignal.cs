using Microsoft.Extensions.Primitives;

namespace AspNetSpiffe;

/// <summary>A change token with isolated subscribers: each is called on a separate thread, so that one that throws or blocks does not delay the others.</summary>
/// <remarks>Thread-safe. Fires once; take a new one for the next change.</remarks>
/// <param name="failed">Receives the exception of a subscriber.</param>
internal sealed class ChangeSignal(Action<Exception> failed) : IChangeToken
{
    private readonly Action<Exception> _failed = failed;
    private readonly Lock _lock = new();
    private readonly List<Subscription> _subscriptions = [];

    public bool HasChanged { get; private set; }

    public bool ActiveChangeCallbacks => true;

    public IDisposable RegisterChangeCallback(Action<object?> callback, object? state)
    {
        var subscription = new Subscription(this, callback, state);
        lock (_lock)
        {
            if (!HasChanged)
            {
                _subscriptions.Add(subscription);
                return subscription;
            }
        }

        ThreadPool.UnsafeQueueUserWorkItem(subscription, preferLocal: false);
        return subscription;
    }

    /// <summary>Notifies all subscribers without waiting for them.</summary>
    public void Fire()
    {
        Subscription[] told;
        lock (_lock)
        {
            HasChanged = true;
            told = [.. _subscriptions];
            _subscriptions.Clear();
        }

        foreach (var subscription in told) ThreadPool.UnsafeQueueUserWorkItem(subscription, preferLocal: false);
    }

    private sealed class Subscription(ChangeSignal signal, Action<object?> callback, object? state) : IDisposable, IThreadPoolWorkItem
    {
        // The callback runs even if the registration was disposed meanwhile: ChangeToken.OnChange disposes a registration that comes too late, but relies on its callback.
        public void Execute() => NotificationQueue.Guard(() => callback(state), signal._failed);

        public void Dispose()
        {
            lock (signal._lock) signal._subscriptions.Remove(this);
        }
    }
}
