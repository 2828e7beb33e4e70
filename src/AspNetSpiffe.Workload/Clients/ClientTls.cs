using System.Net;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;

namespace AspNetSpiffe;

/// <summary>The TLS of one client in its mode: what is shown to servers, and how they are judged.</summary>
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

    /// <summary>Gets who must answer; <see langword="null"/> where servers have no SPIFFE ID, only a name.</summary>
    public SpiffeIdPattern? Expected { get; }

    /// <summary>Gets whether a connection has a verified SPIFFE ID at its other end.</summary>
    public bool KnowsServers => Expected is not null;

    public bool ShowsSvid => Mode != SpiffeClientMode.NoClientCertificate;

    /// <summary>Gets the SVID that is shown now, if one is: connections that were opened with another are no longer used.</summary>
    public X509Svid? Svid => _source.Trust?.Svid;

    public static ClientTls Mutual(X509Source source, SpiffeIdPattern expected) => new(SpiffeClientMode.Mutual, source, expected, null);

    public static ClientTls WithoutSvid(X509BundleSource bundles, SpiffeIdPattern expected) => new(SpiffeClientMode.NoClientCertificate, bundles, expected, null);

    public static ClientTls ToWeb(X509Source source, X509Certificate2Collection? roots)
    {
        RequireSome(roots);
        return new(SpiffeClientMode.WebServer, source, null, roots is null ? null : [.. roots]);
    }

    /// <exception cref="ArgumentException">The list of roots is there, and empty.</exception>
    public static void RequireSome(X509Certificate2Collection? roots)
    {
        if (roots is { Count: 0 }) throw new ArgumentException("The collection of roots is empty, so no server would be trusted. Add roots, or pass null to use the roots that this system trusts.", nameof(roots));
    }

    /// <exception cref="AuthenticationException">What the mode needs is not there: a valid SVID, or bundles.</exception>
    public void RequireReady() => _source.RequireValid();

    /// <summary>Sets up one handshake.</summary>
    /// <exception cref="AuthenticationException">What the mode needs is not there.</exception>
    public void Configure(SslClientAuthenticationOptions options, EndPoint? server, Action<VerificationResult> verified)
    {
        _spiffe?.Configure(options, server, verified);
        _web?.Configure(options);
    }

    /// <summary>Judges a server whose handshake is not ours to set up. Where servers have no SPIFFE ID, it is nobody.</summary>
    public VerificationResult Verify(X509Certificate? certificate, X509Chain? chain, EndPoint server) =>
        _spiffe?.Verify(certificate, chain, PeerRole.Server, server) ?? VerificationResult.Reject(RejectionReason.NotAllowed);

    /// <summary>Asks again of a server that was verified earlier.</summary>
    public IReadOnlyList<RejectionReason> Recheck(SpiffePeer server) => _spiffe?.Recheck(server) ?? [RejectionReason.NotAllowed];

    /// <summary>Creates the exception for a rejected server.</summary>
    public SpiffePeerRejectedException Refuse(VerificationResult result, Exception? inner = null) => new(result, Expected ?? SpiffeIdPattern.None, _source.Trust, inner);
}
