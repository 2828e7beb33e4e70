namespace AspNetSpiffe.Benchmarks;

/// <summary>The session with which a client comes back: on each connection the newest that the server gave.</summary>
internal sealed class TlsSession : IDisposable
{
    private nint _session;

    private TlsSession(TlsConnection first) => _session = first.Session;

    /// <summary>Begins one, with a full handshake.</summary>
    public static TlsSession Of(int port, Peer peer)
    {
        using var first = new TlsConnection(port, peer, []);
        return first.Get() ? new(first) : throw new InvalidOperationException("The server refuses the client.");
    }

    public void Offer(nint ssl) => _ = OpenSsl.SSL_set_session(ssl, _session);

    /// <summary>Takes the next session from a connection that was answered.</summary>
    /// <returns>Whether the connection has resumed the one before.</returns>
    public bool Take(TlsConnection connection)
    {
        OpenSsl.SSL_SESSION_free(_session);
        _session = connection.Session;
        return connection.IsResumed;
    }

    public void Dispose() => OpenSsl.SSL_SESSION_free(_session);
}
