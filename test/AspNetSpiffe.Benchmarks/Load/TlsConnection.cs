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

    public TlsConnection(int port, Peer peer, ReadOnlySpan<byte> alpn)
    {
        _socket.Connect(IPAddress.Loopback, port);
        OpenSsl.SSL_set_fd(_ssl, (int)_socket.SafeHandle.DangerousGetHandle());
        OpenSsl.Use(_ssl, peer);
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

    public void Dispose()
    {
        OpenSsl.SSL_free(_ssl);
        _socket.Dispose();
    }

    private static AuthenticationException Failure(string what)
    {
        OpenSsl.ERR_clear_error();
        return new($"Could not {what}.");
    }
}
