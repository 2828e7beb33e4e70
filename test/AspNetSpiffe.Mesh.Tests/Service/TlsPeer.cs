using System.Net;
using System.Net.Security;
using System.Net.Sockets;

namespace AspNetSpiffe.MeshTests;

/// <summary>A server that is not an HTTP server: it accepts one connection by mutual TLS at a time.</summary>
internal sealed class TlsPeer : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly X509Source _source;

    private TlsPeer(X509Source source)
    {
        _source = source;
        _listener.Start();
    }

    public IPEndPoint Address => (IPEndPoint)_listener.LocalEndpoint;

    public static async Task<TlsPeer> StartAsync(string agentSocket, CancellationToken cancellationToken) => new(await X509Source.StartAsync(new SpiffeOptions { EndpointSocket = agentSocket }, null, cancellationToken));

    /// <summary>Accepts the next connection, and says who called with which SNI.</summary>
    public async Task<(SslStream Stream, SpiffeId? Caller, Socket Socket)> AcceptAsync(CancellationToken cancellationToken)
    {
        var socket = await _listener.AcceptSocketAsync(cancellationToken);
        var stream = new SslStream(new NetworkStream(socket, ownsSocket: true));
        var options = new SslServerAuthenticationOptions();
        SpiffeId? caller = null;
        new SpiffeTls(_source, (SpiffeIdPattern?)null).Configure(options, socket.RemoteEndPoint, verdict => caller = verdict.Peer?.Id);
        await stream.AuthenticateAsServerAsync(options, cancellationToken);
        return (stream, caller, socket);
    }

    public async ValueTask DisposeAsync()
    {
        _listener.Dispose();
        await _source.DisposeAsync();
    }
}
