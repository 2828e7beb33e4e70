using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;

namespace AspNetSpiffe;

/// <summary>One TLS connection to a verified server.</summary>
internal sealed class PeerStream : SslStream, IPeerConnection
{
    private readonly Action<PeerStream> _closed;
    private volatile SpiffePeer? _peer;

    private PeerStream(Stream inner, Action<PeerStream> closed) : base(inner) => _closed = closed;

    public SpiffePeer Peer => _peer!;

    public DateTimeOffset? AbortAt { get; set; }

    /// <summary>Connects, and authenticates both ends.</summary>
    /// <exception cref="SpiffePeerRejectedException">The server is not verified, or not the one that is expected.</exception>
    public static async Task<PeerStream> ConnectAsync(
        SpiffeTls tls, SpiffeIdPattern expected, DnsEndPoint server, List<SslApplicationProtocol> protocols, Action<PeerStream> closed, CancellationToken cancellationToken)
    {
        var stream = new PeerStream(await ConnectSocketAsync(server, cancellationToken).ConfigureAwait(false), closed);
        try
        {
            await stream.AuthenticateAsync(tls, expected, server, protocols, cancellationToken).ConfigureAwait(false);
            return stream;
        }
        catch
        {
            await stream.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Connects, and no more.</summary>
    public static async Task<NetworkStream> ConnectSocketAsync(DnsEndPoint server, CancellationToken cancellationToken)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(server, cancellationToken).ConfigureAwait(false);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    public void Abort() => InnerStream.Dispose();

    protected override void Dispose(bool disposing)
    {
        base.Dispose(disposing);
        if (disposing) _closed(this);
    }

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync().ConfigureAwait(false);
        _closed(this);
    }

    private async Task AuthenticateAsync(
        SpiffeTls tls, SpiffeIdPattern expected, DnsEndPoint server, List<SslApplicationProtocol> protocols, CancellationToken cancellationToken)
    {
        var result = default(VerificationResult);
        var options = new SslClientAuthenticationOptions { TargetHost = server.Host, ApplicationProtocols = protocols };
        tls.Configure(options, server, r => result = r);
        try
        {
            await AuthenticateAsClientAsync(options, cancellationToken).ConfigureAwait(false);
        }
        catch (AuthenticationException e) when (result.Reason != RejectionReason.None)
        {
            throw new SpiffePeerRejectedException(result, expected, e);
        }

        _peer = result.Peer ?? throw new AuthenticationException("The handshake ended without a verified server.");
    }
}
