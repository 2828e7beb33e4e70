using Microsoft.Extensions.Primitives;

namespace AspNetSpiffe;

/// <summary>The current value of a source: to read it, to wait for the first, and to be notified of changes. Thread-safe; reading takes no lock.</summary>
/// <param name="subscriberFailed">Receives the exception of a subscriber, which must not reach the publisher.</param>
internal sealed class Newest<T>(Action<Exception> subscriberFailed)
    where T : class
{
    private volatile T? _value;

    // Completed while there is a value. It does not hold the value: a replaced private key must not be kept alive.
    private volatile TaskCompletionSource _available = NotAvailable();
    private ChangeSignal _changed = new(subscriberFailed);

    public T? Value => _value;

    /// <summary>Gets a token that fires when the next value is published. Take the token first, then read <see cref="Value"/>.</summary>
    public IChangeToken GetChangeToken() => Volatile.Read(ref _changed);

    /// <summary>Waits until there is a value.</summary>
    public async Task<T> WaitAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            await _available.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
            if (_value is { } value) return value;
        }
    }

    /// <summary>Waits until there is a value, for a limited time.</summary>
    /// <exception cref="InvalidOperationException">There was no value in time, or there will never be one; the message says why.</exception>
    public async Task<T> RequireAsync(TimeSpan timeout, TimeProvider time, Func<string, string> explain, CancellationToken cancellationToken)
    {
        try
        {
            return await WaitAsync(cancellationToken).WaitAsync(timeout, time, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (e is TimeoutException or WorkloadApiException)
        {
            throw new InvalidOperationException(explain(e is TimeoutException ? $" within {timeout.TotalSeconds:0.#} s" : ""), e);
        }
    }

    public void Publish(T next)
    {
        _value = next;
        _available.TrySetResult();
        Notify();
    }

    public void Withdraw()
    {
        _available = NotAvailable();
        _value = null;
        Notify();
    }

    /// <summary>Fails all waiters: the error is permanent.</summary>
    public void GiveUp(Exception problem)
    {
        var available = _available;
        available.TrySetException(problem);
        _ = available.Task.Exception;
    }

    /// <summary>Notifies subscribers without a new value, so that they read it again.</summary>
    public void Notify() => Interlocked.Exchange(ref _changed, new(subscriberFailed)).Fire();

    private static TaskCompletionSource NotAvailable() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
