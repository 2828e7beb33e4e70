using System.Collections.Immutable;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using AspNetSpiffe.TestKit;

namespace AspNetSpiffe.InteropTests;

/// <summary>A server that shows any certificate, and accepts any client. It says nothing and closes, as those of the public suite do.</summary>
internal sealed class TestServer : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly TestSvid _svid;

    public TestServer(TestSvid svid)
    {
        _svid = svid;
        _listener.Start();
    }

    public IPEndPoint EndPoint => (IPEndPoint)_listener.LocalEndpoint;

    /// <summary>Serves one connection.</summary>
    /// <returns>What the client showed, its leaf first; nothing when it went away in the handshake.</returns>
    public async Task<ImmutableArray<X509Certificate2>> AnswerOneAsync(CancellationToken cancellationToken)
    {
        var presented = ImmutableArray<X509Certificate2>.Empty;
        using var socket = await _listener.AcceptSocketAsync(cancellationToken);
        await using var stream = new SslStream(new NetworkStream(socket));
        var options = new SslServerAuthenticationOptions
        {
            ServerCertificateContext = TestPeer.ContextOf(_svid),
            ClientCertificateRequired = true,
            RemoteCertificateValidationCallback = (_, leaf, chain, _) =>
            {
                presented = TestPeer.Copy(leaf, chain);
                return true;
            },
        };

        try
        {
            await stream.AuthenticateAsServerAsync(options, cancellationToken);
            await stream.ShutdownAsync();
        }
        catch (Exception e) when (e is IOException or AuthenticationException)
        {
            // The client did not like us.
        }

        return presented;
    }

    public void Dispose() => _listener.Dispose();
}
