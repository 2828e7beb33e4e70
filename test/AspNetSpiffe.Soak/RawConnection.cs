using System.Net.Security;
using System.Net.Sockets;
using System.Text;

namespace AspNetSpiffe.Soak;

/// <summary>A TLS connection of the framework alone, over HTTP/1.1: shows what it is told to show, trusts everybody, and never leaves by itself.</summary>
internal sealed class RawConnection : IAsyncDisposable
{
    private readonly SslStream _stream;
    private readonly byte[] _buffer = new byte[4096];

    private RawConnection(SslStream stream) => _stream = stream;

    /// <summary>Connects and asks for a path.</summary>
    /// <returns>The connection, after the first part of a good answer.</returns>
    /// <exception cref="IOException">It was refused.</exception>
    public static async Task<RawConnection> OpenAsync(Uri server, SslStreamCertificateContext? shown, string path, CancellationToken cancellationToken)
    {
        var stream = new SslStream(await ConnectAsync(server.Host, server.Port, cancellationToken));
        try
        {
            await stream.AuthenticateAsClientAsync(Options(shown), cancellationToken);
            var connection = new RawConnection(stream);
            await connection.AskAsync(path, cancellationToken);
            return connection;
        }
        catch
        {
            await stream.DisposeAsync();
            throw;
        }
    }

    /// <summary>Connects without TLS.</summary>
    public static async Task<NetworkStream> ConnectAsync(string host, int port, CancellationToken cancellationToken)
    {
        var tcp = new TcpClient { NoDelay = true };
        await tcp.ConnectAsync(host, port, cancellationToken);
        return tcp.GetStream();
    }

    /// <summary>Waits until the server has closed the connection.</summary>
    public async Task WaitForEndAsync(CancellationToken cancellationToken)
    {
        try
        {
            while (await _stream.ReadAsync(_buffer, cancellationToken) > 0)
            {
            }
        }
        catch (IOException)
        {
            // Cut off in the middle of an answer.
        }
    }

    public ValueTask DisposeAsync() => _stream.DisposeAsync();

    private async Task AskAsync(string path, CancellationToken cancellationToken)
    {
        await _stream.WriteAsync(Encoding.ASCII.GetBytes($"GET {path} HTTP/1.1\r\nHost: server\r\n\r\n"), cancellationToken);
        var read = await _stream.ReadAsync(_buffer, cancellationToken);
        var answer = Encoding.ASCII.GetString(_buffer, 0, read);
        if (!answer.StartsWith("HTTP/1.1 200", StringComparison.Ordinal)) throw new IOException(read == 0 ? "The server closed the connection." : answer);
    }

    private static SslClientAuthenticationOptions Options(SslStreamCertificateContext? shown) => new()
    {
        TargetHost = "server",
        ClientCertificateContext = shown,
        ApplicationProtocols = [SslApplicationProtocol.Http11],
        RemoteCertificateValidationCallback = static (_, _, _, _) => true,
    };
}
