using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;

namespace AspNetSpiffe;

/// <summary>The TLS of one connection to a server.</summary>
internal sealed class PeerStream : SslStream
{
    private SpiffePeer? _peer;

    private PeerStream(Stream plain) : base(plain)
    {
    }

    /// <summary>Gets the verified server; <see langword="null"/> where servers have no SPIFFE ID.</summary>
    public SpiffePeer? Peer => _peer;

    /// <summary>Connects, and no more.</summary>
    public static async ValueTask<Stream> ConnectSocketAsync(DnsEndPoint server, CancellationToken cancellationToken)
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

    /// <summary>Authenticates both ends of a connection, which it takes over.</summary>
    /// <param name="plain">The connection.</param>
    /// <param name="tls">Whom we take for the server, and as whom we come.</param>
    /// <param name="options">What the application chose, and the protocols of the request.</param>
    /// <param name="server">The server's address, for the log.</param>
    /// <param name="cancellationToken">Ends the handshake.</param>
    /// <exception cref="SpiffePeerRejectedException">The server is not verified, or not the one that is expected.</exception>
    public static async Task<PeerStream> AuthenticateAsync(
        Stream plain,
        ClientTls tls,
        SslClientAuthenticationOptions options,
        DnsEndPoint server,
        CancellationToken cancellationToken)
    {
        var stream = new PeerStream(plain);
        try
        {
            await stream.AuthenticateAsync(tls, options, server, cancellationToken).ConfigureAwait(false);
            return stream;
        }
        catch
        {
            // The connection may be the application's own: its fault must not hide ours.
            NotificationQueue.Guard(stream.Dispose, static _ => { });
            throw;
        }
    }

    private async Task AuthenticateAsync(ClientTls tls, SslClientAuthenticationOptions options, DnsEndPoint server, CancellationToken cancellationToken)
    {
        var result = default(VerificationResult);
        tls.Configure(options, server, r => result = r);
        try
        {
            await AuthenticateAsClientAsync(options, cancellationToken).ConfigureAwait(false);
        }
        catch (AuthenticationException e) when (result.Reason != RejectionReason.None)
        {
            throw tls.Refuse(result, e);
        }
        catch (IOException e)
        {
            throw new AuthenticationException($"The TLS handshake with the server failed: {e.Message}", e);
        }

        _peer = result.Peer;
        if (_peer is null && tls.KnowsServers) throw new AuthenticationException("The handshake ended without a verified server.");
    }
}
