using System.Net;
using System.Net.Security;
using System.Runtime.CompilerServices;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;

namespace AspNetSpiffe;

/// <summary>Tunnels through proxies: SocketsHttpHandler requests the tunnel and performs the TLS handshake in it; this class provides the TLS options and verifies the server.</summary>
internal sealed class PeerTunnels(ClientTls tls)
{
    private static readonly HttpRequestOptionsKey<bool> IsCallers = new("AspNetSpiffe.IsCallers");

    private readonly ConditionalWeakTable<SslStream, SpiffePeer> _peers = [];

    /// <summary>Marks a request of the caller, to distinguish it from the CONNECT requests of SocketsHttpHandler.</summary>
    public static void MarkAsCallers(HttpRequestMessage request)
    {
        if (request.Method == HttpMethod.Connect) request.Options.Set(IsCallers, true);
    }

    /// <summary>Determines whether a connection goes to a proxy instead of the server. A wrong answer is safe: either way there is TLS with the expected server, or the connection fails.</summary>
    /// <exception cref="HttpRequestException">The proxy itself uses TLS.</exception>
    public static bool IsToProxy(SocketsHttpConnectionContext context)
    {
        var (request, server) = (context.InitialRequestMessage, context.InitialRequestMessage.RequestUri!);

        // SocketsHttpHandler has one set of TLS options only, and would verify the proxy as the server.
        if (IsForTunnel(request) && server.Scheme == "https")
            throw new HttpRequestException("A SPIFFE client uses TLS to its server through the proxy, not to the proxy itself: use a proxy address with http or socks5.");
        return IsForTunnel(request) || context.DnsEndPoint.Host != server.IdnHost || context.DnsEndPoint.Port != server.Port;
    }

    /// <summary>Creates the options for all tunnels of one pool, which present our current SVID.</summary>
    /// <param name="options">The application's settings.</param>
    public SslClientAuthenticationOptions CreateOptions(SslClientAuthenticationOptions options)
    {
        try
        {
            tls.Configure(options, null, static _ => { });
            options.RemoteCertificateValidationCallback = tls.KnowsServers ? Verify : VerifyName;
        }
        catch (AuthenticationException)
        {
            // Without an SVID or bundles every server is rejected; the pool is replaced when there is one.
            options.RemoteCertificateValidationCallback = static (_, _, _, _) => false;
        }

        // The options outlive bundles and have no clock, so the result of SslStream's chain is not used: it trusts no CA, and the verifier builds its own chain.
        if (tls.KnowsServers) options.CertificateChainPolicy = VerifiedPeers.TrustNobody;
        return options;
    }

    /// <summary>Returns the verified server of a tunnel; <see langword="null"/> in a mode without SPIFFE IDs of servers.</summary>
    /// <exception cref="AuthenticationException">No server was verified.</exception>
    public SpiffePeer? PeerOf(SslStream stream)
    {
        if (!tls.KnowsServers) return null;
        return _peers.TryGetValue(stream, out var peer) ? peer : throw new AuthenticationException("The handshake ended without a verified server.");
    }

    private static bool IsForTunnel(HttpRequestMessage request) => request.Method == HttpMethod.Connect && !request.Options.TryGetValue(IsCallers, out _);

    private bool Verify(object sender, X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors)
    {
        // QUIC also calls this callback, and is not a tunnel.
        if (sender is not SslStream stream) return false;

        tls.RequireReady();
        var result = tls.Verify(certificate, chain, new DnsEndPoint(stream.TargetHostName, 0));

        // Thrown here, it becomes the inner exception of the request that opened this tunnel; there is no other way to associate them.
        if (!result.Accepted) throw tls.Refuse(result);
        _peers.AddOrUpdate(stream, result.Peer);
        return true;
    }

    // In this mode the result of SslStream is used: chain, key usage and host name.
    private bool VerifyName(object sender, X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors)
    {
        if (sender is not SslStream stream) return false;

        tls.RequireReady();
        if (errors == SslPolicyErrors.None) return true;

        // Otherwise SslStream reports only that the callback rejected the certificate.
        var found = chain?.ChainStatus.Select(status => $"{status.Status}") ?? [];
        throw new AuthenticationException($"The certificate of the server '{stream.TargetHostName}' is invalid: {string.Join(", ", found.Prepend($"{errors}"))}.");
    }
}
