using System.Runtime.ExceptionServices;

namespace AspNetSpiffe;

/// <summary>The pooled connections that were opened with one of our SVIDs. After Dispose it takes no new requests; requests in flight finish.</summary>
/// <param name="svid">The SVID; <see langword="null"/> if we have none, or present none.</param>
/// <param name="showsSvid">Whether the connections present one.</param>
/// <param name="handler">Opens the connections.</param>
/// <param name="streams">The connections of all pools of the client.</param>
internal sealed class PeerPool(X509Svid? svid, bool showsSvid, SocketsHttpHandler handler, PeerStreams streams) : IDisposable
{
    private readonly HttpMessageInvoker _invoker = new(handler);
    private readonly Lock _lock = new();
    private int _requests;
    private bool _disposed;

    /// <summary>Determines whether the connections were opened with this SVID.</summary>
    public bool IsOf(X509Svid? current) =>
        ReferenceEquals(svid, current) || (svid is not null && current is not null && svid.Leaf.RawDataMemory.Span.SequenceEqual(current.Leaf.RawDataMemory.Span));

    /// <summary>Registers a request.</summary>
    /// <returns><see langword="false"/> when the pool is disposed: use the next one.</returns>
    public bool TryEnter()
    {
        lock (_lock)
        {
            if (!_disposed) _requests++;
            return !_disposed;
        }
    }

    /// <summary>Sends a registered request.</summary>
    public async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        try
        {
            return await _invoker.SendAsync(request, cancellationToken).ConfigureAwait(false);
        }
        catch (HttpRequestException e) when (ServerFailure.Explain(e, svid, showsSvid, streams.LastUnanswered) is { } explained)
        {
            ExceptionDispatchInfo.Throw(explained);
            throw;
        }
        finally
        {
            Leave();
        }
    }

    public void Dispose()
    {
        lock (_lock)
        {
            if (_disposed) return;
            _disposed = true;
            if (_requests > 0) return;
        }

        Close();
    }

    // Disposing the handler closes idle connections and lets active ones finish, but fails a request that has no connection yet: hence the count.
    private void Leave()
    {
        lock (_lock)
        {
            _requests--;
            if (!_disposed || _requests > 0) return;
        }

        // On another thread: no request waits for streams of the application to close.
        ThreadPool.UnsafeQueueUserWorkItem(static pool => pool.Close(), this, preferLocal: false);
    }

    private void Close() => NotificationQueue.Guard(_invoker.Dispose, streams.StreamFailed);
}
