using System.Net;
using System.Net.Sockets;
using System.Security.Authentication;

namespace AspNetSpiffe.Benchmarks;

/// <summary>One TLS connection to a server on loopback, with blocking calls.</summary>
internal sealed unsafe class TlsConnection : IDisposable
{
    private static readonly nint Context = OpenSsl.CreateContext();

    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private readonly nint _ssl = OpenSsl.SSL_new(Context);

    public TlsConnection(int port, Peer peer, ReadOnlySpan<byte> alpn, TlsSession? session = null)
    {
        _socket.Connect(IPAddress.Loopback, port);
        OpenSsl.SSL_set_fd(_ssl, (int)_socket.SafeHandle.DangerousGetHandle());
        OpenSsl.Use(_ssl, peer);
        session?.Offer(_ssl);
        if (!alpn.IsEmpty)
            fixed (byte* protocols = alpn)
                OpenSsl.SSL_set_alpn_protos(_ssl, protocols, (uint)alpn.Length);

        if (OpenSsl.SSL_connect(_ssl) != 1) throw Failure("connect");
    }

    public void Write(ReadOnlySpan<byte> bytes)
    {
        fixed (byte* first = bytes)
            if (OpenSsl.SSL_write(_ssl, first, bytes.Length) != bytes.Length)
                throw Failure("write");
    }

    public int Read(Span<byte> bytes)
    {
        fixed (byte* first = bytes)
        {
            var count = OpenSsl.SSL_read(_ssl, first, bytes.Length);
            return count > 0 ? count : throw Failure("read");
        }
    }

    /// <summary>Asks for the root over HTTP/1.1, and keeps the connection.</summary>
    /// <returns>Whether the answer is 200.</returns>
    public bool Get()
    {
        Write("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"u8);

        // Without a body, and so one read.
        Span<byte> answer = stackalloc byte[1024];
        return answer[..Read(answer)].StartsWith("HTTP/1.1 200"u8);
    }

    /// <summary>Gets whether the server has said nothing, not even the end.</summary>
    public bool IsIdle => !_socket.Poll(0, SelectMode.SelectRead);

    /// <summary>Gets whether the server took back the session that was offered.</summary>
    public bool IsResumed => OpenSsl.SSL_session_reused(_ssl) == 1;

    /// <summary>Gets the newest session that the server has given, for <see cref="OpenSsl.SSL_SESSION_free"/>. TLS 1.3 gives it after the handshake: read first.</summary>
    public nint Session => OpenSsl.SSL_get1_session(_ssl);

    /// <summary>Gets the certificate that the server presented.</summary>
    public byte[] ServerLeaf => OpenSsl.PeerLeaf(_ssl);

    /// <summary>Waits until the server closes the connection.</summary>
    /// <returns>Whether it did in time.</returns>
    public bool WaitForEnd(TimeSpan patience)
    {
        _socket.ReceiveTimeout = (int)patience.TotalMilliseconds;
        Span<byte> farewell = stackalloc byte[1024];
        SocketError error;
        while (_socket.Receive(farewell, SocketFlags.None, out error) > 0)
        {
        }

        return error is SocketError.Success or SocketError.ConnectionReset;
    }

    public void Dispose()
    {
        // As if we had said that we close: otherwise OpenSSL throws the session away.
        OpenSsl.SSL_set_shutdown(_ssl, 1);
        OpenSsl.SSL_free(_ssl);
        _socket.Dispose();
    }

    private static AuthenticationException Failure(string what)
    {
        OpenSsl.ERR_clear_error();
        return new($"Could not {what}.");
    }
}
