using System.Net;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;

namespace AspNetSpiffe;

/// <summary>The one place that sets up TLS with SVIDs, for servers and for clients, on any SslStream: mutual TLS, unless another mode is meant.</summary>
/// <remarks>Thread-safe. Make one for each set of allowed peers and configure each handshake with it, so that each uses the newest SVID and bundles.</remarks>
public sealed class SpiffeTls
{
    private readonly ITrustSource _source;
    private readonly HandshakeVerifier _verifier;
    private readonly ResumableClients _clients;

    /// <summary>Makes a set-up.</summary>
    /// <param name="source">Our SVID and the bundles.</param>
    /// <param name="allowedPeers">Who may be at the other end; <see langword="null"/> means every member of our own trust domain.</param>
    public SpiffeTls(X509Source source, SpiffeIdPattern? allowedPeers)
        : this(source, () => allowedPeers)
    {
    }

    /// <summary>Makes a set-up whose allowed peers may change.</summary>
    /// <param name="source">Our SVID and the bundles.</param>
    /// <param name="allowedPeers">Says at each handshake who may be at the other end; <see langword="null"/> means every member of our own trust domain.</param>
    public SpiffeTls(X509Source source, Func<SpiffeIdPattern?> allowedPeers)
        : this((ITrustSource)source, allowedPeers)
    {
    }

    /// <summary>Makes a set-up for clients, which show an SVID where the source has one.</summary>
    internal SpiffeTls(ITrustSource source, Func<SpiffeIdPattern?> allowedPeers)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(allowedPeers);
        _source = source;
        _verifier = new(source, allowedPeers);
        _clients = new(source.Time);
    }

    /// <summary>Sets up one handshake in which we are the server: our SVID is shown, the client's is required and verified.</summary>
    /// <inheritdoc cref="Configure(SslServerAuthenticationOptions, SpiffeServerMode, EndPoint?, Action{VerificationResult}?)"/>
    public void Configure(SslServerAuthenticationOptions options, EndPoint? remote = null, Action<VerificationResult>? verified = null) =>
        Configure(options, SpiffeServerMode.Mutual, remote, verified);

    /// <summary>Sets up one handshake in which we are the server, in the mode that is meant.</summary>
    /// <param name="options">
    /// The options of one handshake. What concerns certificates is overwritten, except for our own with <see cref="SpiffeServerMode.WebCertificate"/>; protocols and ALPN stay.
    /// </param>
    /// <param name="mode">Who proves what to whom.</param>
    /// <param name="remote">The client's address, for the log.</param>
    /// <param name="verified">Is told the outcome, during the handshake; nothing of a client that need not show a certificate and shows none.</param>
    /// <exception cref="AuthenticationException">We have no SVID, or it has expired; with <see cref="SpiffeServerMode.WebCertificate"/>, we have no bundles.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The mode is none.</exception>
    public void Configure(SslServerAuthenticationOptions options, SpiffeServerMode mode, EndPoint? remote = null, Action<VerificationResult>? verified = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (!Enum.IsDefined(mode)) throw new ArgumentOutOfRangeException(nameof(mode), mode, "This is no mode of a server.");

        // A web certificate does not end with our SVID.
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

        // Resumed sessions bring the leaf without its intermediates, so a good peer would fail from its second connection on.
        options.AllowTlsResume = false;
        options.AllowRenegotiation = false;
        options.RemoteCertificateValidationCallback = mode == SpiffeServerMode.NoClientCertificate
            ? static (_, certificate, _, _) => certificate is null
            : Callback(PeerRole.Client, remote, verified, mayBeAnonymous: mode == SpiffeServerMode.OptionalClientCertificate);
    }

    /// <summary>Sets up one handshake in which we are the server, with <see cref="SpiffeServerMode.Mutual"/>, and the client may resume a session of TLS 1.3.</summary>
    /// <remarks>
    /// A resumed session proves that its client has held the key of its certificate; whose that is and whether it may be here is verified as in a full handshake, by the newest
    /// bundles, the lists of revoked certificates, the allowed peers and the clock, with the intermediates that the client sent in its full handshake. Another version of .NET may
    /// take a session back without asking anybody: close the connection unless <paramref name="verified"/> has been told of an accepted client in this very handshake.
    /// Handshakes are full where the options name other protocols than TLS 1.3, where the address is no IP address, and for two hours or more after a client of that address was refused.
    /// </remarks>
    /// <param name="options">
    /// The options of one handshake. What concerns certificates is overwritten, and where they name no protocols, TLS 1.3 alone is spoken; ALPN stays.
    /// </param>
    /// <param name="remote">The client's address.</param>
    /// <param name="verified">Is told the outcome, during the handshake.</param>
    /// <exception cref="AuthenticationException">We have no SVID, or it has expired.</exception>
    public void ConfigureResumable(SslServerAuthenticationOptions options, EndPoint? remote, Action<VerificationResult> verified)
    {
        ArgumentNullException.ThrowIfNull(verified);
        Configure(options, SpiffeServerMode.Mutual, remote, verified);

        // A session of TLS 1.2 has no secrets of its own when it is resumed, and one without a ticket is kept here, with whatever its client has sent.
        if (options.EnabledSslProtocols is not (SslProtocols.None or SslProtocols.Tls13)) return;
        options.EnabledSslProtocols = SslProtocols.Tls13;
        options.AllowTlsResume = _clients.MayResume(remote);
        options.RemoteCertificateValidationCallback = Callback(PeerRole.Client, remote, verified, clients: _clients);
    }

    /// <summary>Sets up one handshake in which we are the client: the server's SVID is verified, ours is shown when it is asked for.</summary>
    /// <param name="options">The options of one handshake. What concerns certificates is overwritten; protocols, ALPN and target host stay.</param>
    /// <param name="remote">The server's address, for the log.</param>
    /// <param name="verified">Is told the outcome, during the handshake.</param>
    /// <exception cref="AuthenticationException">We have no SVID, or it has expired.</exception>
    public void Configure(SslClientAuthenticationOptions options, EndPoint? remote = null, Action<VerificationResult>? verified = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        var trust = _source.RequireValid();
        options.ClientCertificates = null;
        options.LocalCertificateSelectionCallback = null;

        // Of all ways to show a client certificate, only the context sends the intermediates too.
        options.ClientCertificateContext = trust.Svid?.CertificateContext;
        options.CertificateChainPolicy = _verifier.ChainPolicy(trust);
        options.CertificateRevocationCheckMode = X509RevocationMode.NoCheck;
        options.AllowTlsResume = false;
        options.AllowRenegotiation = false;
        options.RemoteCertificateValidationCallback = Callback(PeerRole.Server, remote, verified);
    }

    /// <summary>Verifies what SslStream gives to a validation callback, where the callback cannot be set by <see cref="Configure(SslServerAuthenticationOptions, EndPoint?, Action{VerificationResult}?)"/>.</summary>
    /// <remarks>Never throws for what a peer sent. Disposes the elements of <paramref name="chain"/>, not the certificate.</remarks>
    /// <param name="certificate">The peer's certificate, if it presented one.</param>
    /// <param name="chain">The chain that SslStream built, with all that the peer sent. What SslStream thinks of it does not count.</param>
    /// <param name="role">The part that the peer plays.</param>
    /// <param name="remote">The peer's address, for the log.</param>
    public VerificationResult Verify(X509Certificate? certificate, X509Chain? chain, PeerRole role, EndPoint? remote = null) =>
        _verifier.Verify(certificate, chain, role, remote);

    /// <summary>Asks again whether a peer that was verified earlier still is: by the clock, by the newest bundle, by the allowed peers.</summary>
    /// <returns>Every reason why it is not, each by itself; empty when it still is.</returns>
    /// <remarks>
    /// A connection may outlive what was true at its handshake. Builds no chain and, when there is no reason, allocates nothing, so it may be asked of thousands of
    /// connections. Without an identity of our own, only the clock is asked.
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
