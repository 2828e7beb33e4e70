using System.Runtime.CompilerServices;

namespace AspNetSpiffe;

/// <summary>The stream of a connection to a verified server, above TLS. Forwards data as long as the server is trusted, and explains an unexpected end.</summary>
/// <param name="inner">The TLS stream.</param>
/// <param name="server">Its SPIFFE ID or host name.</param>
/// <param name="authority">The host and port of the request that opened it.</param>
/// <param name="owner">The connections of the client.</param>
internal sealed class VerifiedStream(Stream inner, string server, string authority, PeerStreams owner) : Stream
{
    private volatile bool _hasAnswered;
    private volatile bool _endedUnanswered;
    private volatile string? _aborted;

    /// <summary>Gets the host and port of the request that opened it.</summary>
    public string Authority => authority;

    /// <summary>Gets or sets when the connection is aborted because its server is no longer trusted; <see langword="null"/> while it is trusted.</summary>
    public DateTimeOffset? AbortAt { get; set; }

    public override bool CanRead => inner.CanRead;

    public override bool CanWrite => inner.CanWrite;

    public override bool CanSeek => false;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    /// <summary>Aborts the connection: no more data is read or written, even if closing a stream of the application fails or blocks.</summary>
    public void Abort(string why) => _aborted = why;

    /// <summary>Closes the stream below, which may be the application's: it may throw or block.</summary>
    public void CloseInner() => inner.Dispose();

    public override int Read(byte[] buffer, int offset, int count)
    {
        try
        {
            return Received(inner.Read(buffer, offset, count), count);
        }
        catch (Exception e) when (MeaningOf(e) is { } meaning)
        {
            throw meaning;
        }
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        try
        {
            return Received(await inner.ReadAsync(buffer, cancellationToken).ConfigureAwait(false), buffer.Length);
        }
        catch (Exception e) when (MeaningOf(e) is { } meaning)
        {
            throw meaning;
        }
    }

    public override void Write(byte[] buffer, int offset, int count)
    {
        try
        {
            ThrowIfAborted();
            inner.Write(buffer, offset, count);
        }
        catch (Exception e) when (MeaningOf(e) is { } meaning)
        {
            throw meaning;
        }
    }

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        try
        {
            ThrowIfAborted();
            await inner.WriteAsync(buffer, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (MeaningOf(e) is { } meaning)
        {
            throw meaning;
        }
    }

    public override void Flush() => inner.Flush();

    public override Task FlushAsync(CancellationToken cancellationToken) => inner.FlushAsync(cancellationToken);

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            owner.Remove(this);

            // An aborted connection is already being closed; if that blocks, the request must not wait for it.
            if (_aborted is null) NotificationQueue.Guard(inner.Dispose, owner.StreamFailed);
        }

        base.Dispose(disposing);
    }

    private int Received(int length, int wanted)
    {
        ThrowIfAborted();
        if (_hasAnswered) return length;
        if (length > 0)
        {
            _hasAnswered = true;
            owner.LastUnanswered = null;
        }

        // A zero-byte read only waits for data.
        else if (wanted > 0) throw Unanswered(null);
        return length;
    }

    private void ThrowIfAborted()
    {
        if (_aborted is { } why) throw new HttpIOException(HttpRequestError.ConnectionError, why);
    }

    private HttpIOException? MeaningOf(Exception e) => e switch
    {
        HttpIOException or OperationCanceledException => null,
        _ when _aborted is { } why => new HttpIOException(HttpRequestError.ConnectionError, why, e),
        _ when _hasAnswered => null,
        IOException => Unanswered(e),

        // SocketsHttpHandler may dispose the stream while it is writing.
        ObjectDisposedException when _endedUnanswered => Unanswered(e),
        _ => null,
    };

    private UnansweredException Unanswered(Exception? e)
    {
        _endedUnanswered = true;
        return owner.LastUnanswered = new(server, e);
    }
}

/// <summary>A server closed the connection before it sent data.</summary>
internal sealed class UnansweredException(string server, Exception? inner)
    : HttpIOException(HttpRequestError.ResponseEnded, $"The server '{server}' closed the connection before it sent a response.", inner)
{
    public string Server => server;
}
