using Microsoft.Extensions.Primitives;

namespace AspNetSpiffe;

/// <summary>The newest value of a source: to read, to wait for the first, and to be told of the next. Thread-safe; reading takes no lock.</summary>
/// <param name="subscriberFailed">Hears of a subscriber's error: it must not stop whoever publishes.</param>
internal sealed class Newest<T>(Action<Exception> subscriberFailed)
    where T : class
{
    private volatile T? _value;

    // Completed while there is a value. It holds none itself: a replaced private key must be in nobody's hands.
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

    /// <summary>Waits until there is a value, but not for ever.</summary>
    /// <exception cref="InvalidOperationException">There was none in time, or there never will be; the message says why.</exception>
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

    /// <summary>No retry will help: whoever waits for a value must know.</summary>
    public void GiveUp(Exception problem)
    {
        var available = _available;
        available.TrySetException(problem);
        _ = available.Task.Exception;
    }

    /// <summary>Tells whoever depends on the value to look again.</summary>
    public void Notify() => Interlocked.Exchange(ref _changed, new(subscriberFailed)).Fire();

    private static TaskCompletionSource NotAvailable() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
