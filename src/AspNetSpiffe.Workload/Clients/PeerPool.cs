using System.Runtime.ExceptionServices;

namespace AspNetSpiffe;

/// <summary>The pooled connections that were opened with one SVID of ours. Disposed, it takes no new requests; those under way finish.</summary>
/// <param name="svid">The SVID; <see langword="null"/> where we have none, or show none.</param>
/// <param name="showsSvid">Whether the connections show one.</param>
/// <param name="handler">Opens the connections.</param>
/// <param name="streams">Its connections, and those of the other pools of the client.</param>
internal sealed class PeerPool(X509Svid? svid, bool showsSvid, SocketsHttpHandler handler, PeerStreams streams) : IDisposable
{
    private readonly HttpMessageInvoker _invoker = new(handler);
    private readonly Lock _lock = new();
    private int _requests;
    private bool _disposed;

    /// <summary>Determines whether the connections were opened with this SVID.</summary>
    public bool IsOf(X509Svid? current) =>
        ReferenceEquals(svid, current) || (svid is not null && current is not null && svid.Leaf.RawDataMemory.Span.SequenceEqual(current.Leaf.RawDataMemory.Span));

    /// <summary>Counts a request in.</summary>
    /// <returns><see langword="false"/> when the pool is disposed: take the next.</returns>
    public bool TryEnter()
    {
        lock (_lock)
        {
            if (!_disposed) _requests++;
            return !_disposed;
        }
    }

    /// <summary>Sends a request that was counted in.</summary>
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

    // Disposing closes idle connections and lets busy ones finish, but refuses a request that has not got its connection yet: hence the count.
    private void Leave()
    {
        lock (_lock)
        {
            _requests--;
            if (!_disposed || _requests > 0) return;
        }

        // On a thread of its own: no request waits for streams of the application to close.
        ThreadPool.UnsafeQueueUserWorkItem(static pool => pool.Close(), this, preferLocal: false);
    }

    private void Close() => NotificationQueue.Guard(_invoker.Dispose, streams.StreamFailed);
}
