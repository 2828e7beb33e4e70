using System.Net;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;

namespace AspNetSpiffe;

/// <summary>Configures TLS with SVIDs for any SslStream, for servers and for clients (X509-SVID §5): mutual TLS, unless another mode is chosen.</summary>
/// <remarks>Thread-safe. Create one per set of allowed peers and call it for each handshake, so that each handshake uses the current SVID and bundles.</remarks>
public sealed class SpiffeTls
{
    private readonly ITrustSource _source;
    private readonly HandshakeVerifier _verifier;
    private readonly ResumableClients _clients;

    /// <summary>Creates a configuration with fixed allowed peers.</summary>
    /// <param name="source">Our SVID and the bundles.</param>
    /// <param name="allowedPeers">The allowed peers; <see langword="null"/> means every member of our own trust domain.</param>
    public SpiffeTls(X509Source source, SpiffeIdPattern? allowedPeers)
        : this(source, () => allowedPeers)
    {
    }

    /// <summary>Creates a configuration whose allowed peers may change.</summary>
    /// <param name="source">Our SVID and the bundles.</param>
    /// <param name="allowedPeers">Returns the allowed peers at each handshake; <see langword="null"/> means every member of our own trust domain.</param>
    public SpiffeTls(X509Source source, Func<SpiffeIdPattern?> allowedPeers)
        : this((ITrustSource)source, allowedPeers)
    {
    }

    /// <summary>Creates a configuration for clients, which present an SVID if the source has one.</summary>
    internal SpiffeTls(ITrustSource source, Func<SpiffeIdPattern?> allowedPeers)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(allowedPeers);
        _source = source;
        _verifier = new(source, allowedPeers);
        _clients = new(source.Time);
    }

    /// <summary>Configures one handshake as the server: our SVID is presented, the client's is required and verified.</summary>
    /// <inheritdoc cref="Configure(SslServerAuthenticationOptions, SpiffeServerMode, EndPoint?, Action{VerificationResult}?)"/>
    public void Configure(SslServerAuthenticationOptions options, EndPoint? remote = null, Action<VerificationResult>? verified = null) =>
        Configure(options, SpiffeServerMode.Mutual, remote, verified);

    /// <summary>Configures one handshake as the server, in the given mode.</summary>
    /// <param name="options">
    /// The options of one handshake. Settings of certificates are overwritten, except the server certificate with <see cref="SpiffeServerMode.WebCertificate"/>; protocols and ALPN are kept.
    /// </param>
    /// <param name="mode">The TLS mode: what is authenticated.</param>
    /// <param name="remote">The client's address, for the log.</param>
    /// <param name="verified">Called with the result, during the handshake; not called for a client without a certificate if none is required.</param>
    /// <exception cref="AuthenticationException">We have no SVID, or it has expired; with <see cref="SpiffeServerMode.WebCertificate"/>, we have no bundles.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The mode is not defined.</exception>
    public void Configure(SslServerAuthenticationOptions options, SpiffeServerMode mode, EndPoint? remote = null, Action<VerificationResult>? verified = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (!Enum.IsDefined(mode)) throw new ArgumentOutOfRangeException(nameof(mode), mode, "This is not a mode of a server.");

        // The validity of a web certificate does not depend on our SVID.
        var trust = mode == SpiffeServerMode.WebCertificate ? _source.RequireTrust() : _source.RequireValid();
        if (mode != SpiffeServerMode.WebCertificate)
        {
            options.ServerCertificate = null;
            options.ServerCertificateSelectionCallback = null;
            options.ServerCertificateContext = trust.Svid?.CertificateContext;
        }

        options.ClientCertificateRequired = mode != SpiffeServerMode.NoClientCertificate;
        options.CertificateChainPolicy = _verifier.ChainPolicy(trust);
        options.CertificateRevocationCheckMode = X509RevocationMode.NoCheck;

        // A resumed session has the leaf without its intermediates, so a valid peer would be rejected from its second connection on.
        options.AllowTlsResume = false;
        options.AllowRenegotiation = false;
        options.RemoteCertificateValidationCallback = mode == SpiffeServerMode.NoClientCertificate
            ? static (_, certificate, _, _) => certificate is null
            : Callback(PeerRole.Client, remote, verified, mayBeAnonymous: mode == SpiffeServerMode.OptionalClientCertificate);
    }

    /// <summary>Configures one handshake as the server, with <see cref="SpiffeServerMode.Mutual"/>, in which the client may resume a TLS 1.3 session.</summary>
    /// <remarks>
    /// A resumed session proves that the client has held the key of its certificate; that certificate is verified as in a full handshake, with the current
    /// bundles, the revocation lists, the allowed peers and the time, with the intermediates that the client sent in its full handshake. Another version of .NET may
    /// resume a session without calling the validation callback: close the connection unless <paramref name="verified"/> was called with an accepted client in this handshake.
    /// Handshakes are full if the options name other protocols than TLS 1.3, if the address is not an IP address, and for two hours or more after a client of that address was rejected.
    /// </remarks>
    /// <param name="options">
    /// The options of one handshake. Settings of certificates are overwritten, and if no protocols are set, only TLS 1.3 is used; ALPN is kept.
    /// </param>
    /// <param name="remote">The client's address.</param>
    /// <param name="verified">Called with the result, during the handshake.</param>
    /// <exception cref="AuthenticationException">We have no SVID, or it has expired.</exception>
    public void ConfigureResumable(SslServerAuthenticationOptions options, EndPoint? remote, Action<VerificationResult> verified)
    {
        ArgumentNullException.ThrowIfNull(verified);
        Configure(options, SpiffeServerMode.Mutual, remote, verified);

        // A resumed TLS 1.2 session has no fresh key exchange, and one without a ticket is stored in this process, with everything that the client sent.
        if (options.EnabledSslProtocols is not (SslProtocols.None or SslProtocols.Tls13)) return;
        options.EnabledSslProtocols = SslProtocols.Tls13;
        options.AllowTlsResume = _clients.MayResume(remote);
        options.RemoteCertificateValidationCallback = Callback(PeerRole.Client, remote, verified, clients: _clients);
    }

    /// <summary>Configures one handshake as the client: the server's SVID is verified, ours is presented on request.</summary>
    /// <param name="options">The options of one handshake. Settings of certificates are overwritten; protocols, ALPN and target host are kept.</param>
    /// <param name="remote">The server's address, for the log.</param>
    /// <param name="verified">Called with the result, during the handshake.</param>
    /// <exception cref="AuthenticationException">We have no SVID, or it has expired.</exception>
    public void Configure(SslClientAuthenticationOptions options, EndPoint? remote = null, Action<VerificationResult>? verified = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        var trust = _source.RequireValid();
        options.ClientCertificates = null;
        options.LocalCertificateSelectionCallback = null;

        // Only the certificate context also sends the intermediates.
        options.ClientCertificateContext = trust.Svid?.CertificateContext;
        options.CertificateChainPolicy = _verifier.ChainPolicy(trust);
        options.CertificateRevocationCheckMode = X509RevocationMode.NoCheck;
        options.AllowTlsResume = false;
        options.AllowRenegotiation = false;
        options.RemoteCertificateValidationCallback = Callback(PeerRole.Server, remote, verified);
    }

    /// <summary>Verifies the arguments of a validation callback of SslStream, if the callback cannot be set by <see cref="Configure(SslServerAuthenticationOptions, EndPoint?, Action{VerificationResult}?)"/>.</summary>
    /// <remarks>Invalid certificates are a result, not an exception. Disposes the elements of <paramref name="chain"/>, not the certificate.</remarks>
    /// <param name="certificate">The peer's certificate, if it presented one.</param>
    /// <param name="chain">The chain that SslStream built, with all certificates that the peer sent. SslStream's own result is ignored.</param>
    /// <param name="role">The role of the peer.</param>
    /// <param name="remote">The peer's address, for the log.</param>
    public VerificationResult Verify(X509Certificate? certificate, X509Chain? chain, PeerRole role, EndPoint? remote = null) =>
        _verifier.Verify(certificate, chain, role, remote);

    /// <summary>Checks again a peer that was verified earlier: its validity, the current bundle, revocation, and the allowed peers.</summary>
    /// <returns>All rejection reasons; empty if the peer is still accepted.</returns>
    /// <remarks>
    /// A connection may outlive the validity of its peer. Builds no chain and, for an accepted peer, allocates nothing, so it can be called for thousands of
    /// connections. Without an identity of our own, only the validity is checked.
    /// </remarks>
    public IReadOnlyList<RejectionReason> Recheck(SpiffePeer peer)
    {
        ArgumentNullException.ThrowIfNull(peer);
        return _verifier.Recheck(peer);
    }

    /// <exception cref="AuthenticationException">We have no SVID, or it has expired.</exception>
    internal void RequireSvid() => _source.RequireValid();

    private RemoteCertificateValidationCallback Callback(PeerRole role, EndPoint? remote, Action<VerificationResult>? verified, bool mayBeAnonymous = false, ResumableClients? clients = null) =>
        (_, certificate, chain, _) =>
        {
            if (certificate is null && mayBeAnonymous) return true;
            var result = _verifier.Verify(certificate, chain, role, remote, clients);
            verified?.Invoke(result);
            return result.Accepted;
        };
}
