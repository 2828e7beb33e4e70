using System.Net;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;

namespace AspNetSpiffe;

/// <summary>The TLS of one client in its mode: the presented certificate, and the verification of servers.</summary>
internal sealed class ClientTls
{
    private readonly ITrustSource _source;
    private readonly SpiffeTls? _spiffe;
    private readonly WebServerTls? _web;

    private ClientTls(SpiffeClientMode mode, ITrustSource source, SpiffeIdPattern? expected, X509Certificate2Collection? roots)
    {
        (Mode, _source, Expected) = (mode, source, expected);
        if (expected is null) _web = new(source, roots);
        else _spiffe = new(source, () => expected);
    }

    public SpiffeClientMode Mode { get; }

    public ITrustSource Source => _source;

    /// <summary>Gets the expected server; <see langword="null"/> in a mode in which servers are verified by host name.</summary>
    public SpiffeIdPattern? Expected { get; }

    /// <summary>Gets whether servers are verified by SPIFFE ID.</summary>
    public bool KnowsServers => Expected is not null;

    public bool ShowsSvid => Mode != SpiffeClientMode.NoClientCertificate;

    /// <summary>Gets the SVID that is presented now, if any. Connections that were opened with another one get no new requests.</summary>
    public X509Svid? Svid => _source.Trust?.Svid;

    public static ClientTls Mutual(X509Source source, SpiffeIdPattern expected) => new(SpiffeClientMode.Mutual, source, expected, null);

    public static ClientTls WithoutSvid(X509BundleSource bundles, SpiffeIdPattern expected) => new(SpiffeClientMode.NoClientCertificate, bundles, expected, null);

    public static ClientTls ToWeb(X509Source source, X509Certificate2Collection? roots)
    {
        RequireSome(roots);
        return new(SpiffeClientMode.WebServer, source, null, roots is null ? null : [.. roots]);
    }

    /// <exception cref="ArgumentException">The list of roots is empty.</exception>
    public static void RequireSome(X509Certificate2Collection? roots)
    {
        if (roots is { Count: 0 }) throw new ArgumentException("The collection of roots is empty, so no server would be trusted. Add roots, or pass null to use the roots that this system trusts.", nameof(roots));
    }

    /// <exception cref="AuthenticationException">The source lacks what the mode needs: a valid SVID, or bundles.</exception>
    public void RequireReady() => _source.RequireValid();

    /// <summary>Configures one handshake.</summary>
    /// <exception cref="AuthenticationException">The source lacks what the mode needs.</exception>
    public void Configure(SslClientAuthenticationOptions options, EndPoint? server, Action<VerificationResult> verified)
    {
        _spiffe?.Configure(options, server, verified);
        _web?.Configure(options);
    }

    /// <summary>Verifies a server whose handshake was not configured here. Rejects it in a mode without SPIFFE IDs of servers.</summary>
    public VerificationResult Verify(X509Certificate? certificate, X509Chain? chain, EndPoint server) =>
        _spiffe?.Verify(certificate, chain, PeerRole.Server, server) ?? VerificationResult.Reject(RejectionReason.NotAllowed);

    /// <summary>Checks again a server that was verified earlier.</summary>
    public IReadOnlyList<RejectionReason> Recheck(SpiffePeer server) => _spiffe?.Recheck(server) ?? [RejectionReason.NotAllowed];

    /// <summary>Creates the exception for a rejected server.</summary>
    public SpiffePeerRejectedException Refuse(VerificationResult result, Exception? inner = null) => new(result, Expected ?? SpiffeIdPattern.None, _source.Trust, inner);
}
