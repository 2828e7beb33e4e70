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

    /// <summary>Gets the verified server; <see langword="null"/> in a mode without SPIFFE IDs of servers.</summary>
    public SpiffePeer? Peer => _peer;

    /// <summary>Opens the TCP connection.</summary>
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

    /// <summary>Performs the TLS handshake on a connection, which it takes ownership of.</summary>
    /// <param name="plain">The connection.</param>
    /// <param name="tls">The verification of the server, and the presented certificate.</param>
    /// <param name="options">The application's settings, and the protocols of the request.</param>
    /// <param name="server">The server's address, for the log.</param>
    /// <param name="cancellationToken">Cancels the handshake.</param>
    /// <exception cref="SpiffePeerRejectedException">The server is not verified, or not the expected one.</exception>
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
            // The stream may be the application's: its exception must not hide the original one.
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
