using System.Net;
using System.Net.Security;
using System.Runtime.CompilerServices;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;

namespace AspNetSpiffe;

/// <summary>The ways through proxies: SocketsHttpHandler asks for the tunnel and makes the TLS inside it, we say with what, and who may be at its end.</summary>
internal sealed class PeerTunnels(ClientTls tls)
{
    private static readonly HttpRequestOptionsKey<bool> IsCallers = new("AspNetSpiffe.IsCallers");

    private readonly ConditionalWeakTable<SslStream, SpiffePeer> _peers = [];

    /// <summary>Tells a request of the caller from those that SocketsHttpHandler makes itself.</summary>
    public static void MarkAsCallers(HttpRequestMessage request)
    {
        if (request.Method == HttpMethod.Connect) request.Options.Set(IsCallers, true);
    }

    /// <summary>Determines whether a connection goes to a proxy, not to the server. An error is no danger: there is TLS with the expected server on either way, or nothing.</summary>
    /// <exception cref="HttpRequestException">The proxy wants TLS itself.</exception>
    public static bool IsToProxy(SocketsHttpConnectionContext context)
    {
        var (request, server) = (context.InitialRequestMessage, context.InitialRequestMessage.RequestUri!);

        // SocketsHttpHandler would take the proxy for the server: it knows one set of TLS options only.
        if (IsForTunnel(request) && server.Scheme == "https")
            throw new HttpRequestException("A SPIFFE client uses TLS to its server through the proxy, not to the proxy itself: use a proxy address with http or socks5.");
        return IsForTunnel(request) || context.DnsEndPoint.Host != server.IdnHost || context.DnsEndPoint.Port != server.Port;
    }

    /// <summary>Creates the options for all tunnels of one pool of connections, which all present our SVID of now.</summary>
    /// <param name="options">What the application chose.</param>
    public SslClientAuthenticationOptions CreateOptions(SslClientAuthenticationOptions options)
    {
        try
        {
            tls.Configure(options, null, static _ => { });
            options.RemoteCertificateValidationCallback = tls.KnowsServers ? Verify : VerifyName;
        }
        catch (AuthenticationException)
        {
            // Without an SVID, or bundles, nobody; the pool is replaced when there is one.
            options.RemoteCertificateValidationCallback = static (_, _, _, _) => false;
        }

        // The options outlive bundles and have no clock, so SslStream's chain must not count: trusting nobody, it is nobody's, and the verifier builds its own.
        if (tls.KnowsServers) options.CertificateChainPolicy = VerifiedPeers.TrustNobody;
        return options;
    }

    /// <summary>Says who was verified at the other end of a tunnel; <see langword="null"/> where servers have no SPIFFE ID.</summary>
    /// <exception cref="AuthenticationException">Nobody.</exception>
    public SpiffePeer? PeerOf(SslStream stream)
    {
        if (!tls.KnowsServers) return null;
        return _peers.TryGetValue(stream, out var peer) ? peer : throw new AuthenticationException("The handshake ended without a verified server.");
    }

    private static bool IsForTunnel(HttpRequestMessage request) => request.Method == HttpMethod.Connect && !request.Options.TryGetValue(IsCallers, out _);

    private bool Verify(object sender, X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors)
    {
        // QUIC would come here too, and is no tunnel.
        if (sender is not SslStream stream) return false;

        tls.RequireReady();
        var result = tls.Verify(certificate, chain, new DnsEndPoint(stream.TargetHostName, 0));

        // Thrown here, it is the inner exception of the request that asked for this very tunnel; nothing else leads from the one to the other.
        if (!result.Accepted) throw tls.Refuse(result);
        _peers.AddOrUpdate(stream, result.Peer);
        return true;
    }

    // Here it counts what SslStream finds: the chain, the use and the name.
    private bool VerifyName(object sender, X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors)
    {
        if (sender is not SslStream stream) return false;

        tls.RequireReady();
        if (errors == SslPolicyErrors.None) return true;

        // SslStream itself would say no more than that we refused it.
        var found = chain?.ChainStatus.Select(status => $"{status.Status}") ?? [];
        throw new AuthenticationException($"The certificate of the server '{stream.TargetHostName}' is invalid: {string.Join(", ", found.Prepend($"{errors}"))}.");
    }
}
