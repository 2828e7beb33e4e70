using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace AspNetSpiffe;

/// <summary>A certificate authority of one trust domain in memory, for development and tests: a root, one intermediate and a JWT key.</summary>
/// <remarks>Issues X509-SVIDs and JWT-SVIDs that meet every requirement of the standards on issuers. Thread-safe.</remarks>
public sealed class DevCertificateAuthority : IDisposable
{
    // So that a verifier whose clock is slightly behind ours accepts a new certificate.
    private static readonly TimeSpan BackDating = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan RootLifetime = TimeSpan.FromDays(10 * 365);
    private static readonly TimeSpan IntermediateLifetime = TimeSpan.FromDays(5 * 365);

    private readonly ECDsa _rootKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly ECDsa _intermediateKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly Lock _signing = new();
    private readonly TimeProvider _time;

    /// <summary>Creates an authority with new keys and the system clock.</summary>
    /// <param name="trustDomain">The trust domain of the issued identities.</param>
    public DevCertificateAuthority(TrustDomain trustDomain) : this(trustDomain, TimeProvider.System)
    {
    }

    /// <summary>Creates an authority with new keys.</summary>
    /// <param name="trustDomain">The trust domain of the issued identities.</param>
    /// <param name="timeProvider">The clock.</param>
    public DevCertificateAuthority(TrustDomain trustDomain, TimeProvider timeProvider)
    {
        ArgumentNullException.ThrowIfNull(trustDomain);
        ArgumentNullException.ThrowIfNull(timeProvider);
        TrustDomain = trustDomain;
        _time = timeProvider;

        var now = timeProvider.GetUtcNow();
        Root = CertificateProfile.Sign(CertificateProfile.Signing(trustDomain, _rootKey, "root", pathLength: null), _rootKey, issuer: null, now - BackDating, now + RootLifetime);
        Intermediate = CertificateProfile.Sign(CertificateProfile.Signing(trustDomain, _intermediateKey, "intermediate", pathLength: 0), _rootKey, Root, now - BackDating, now + IntermediateLifetime);
        JwtKey = new JwtSigningKey();
    }

    /// <summary>Gets the trust domain of the issued identities.</summary>
    public TrustDomain TrustDomain { get; }

    /// <summary>Gets the root certificate, for a trust bundle. It has the trust domain's own ID (SPIFFE-ID §3.1), and no private key.</summary>
    public X509Certificate2 Root { get; }

    /// <summary>Gets the certificate between the root and SVIDs, which a workload sends after its leaf. It has no private key.</summary>
    public X509Certificate2 Intermediate { get; }

    internal JwtSigningKey JwtKey { get; }

    internal TrustMaterial Public => new(TrustDomain, [Root], [JwtKey.Public]);

    /// <summary>Issues an X509-SVID with a new P-256 key.</summary>
    /// <param name="id">The SPIFFE ID: a workload of <see cref="TrustDomain"/>.</param>
    /// <param name="lifetime">The validity period.</param>
    /// <param name="dnsNames">DNS SANs, in addition to the SPIFFE ID.</param>
    /// <returns>The leaf with its private key; send <see cref="Intermediate"/> after it.</returns>
    /// <exception cref="ArgumentException">The ID has no path or is of another trust domain.</exception>
    public X509Certificate2 IssueX509Svid(SpiffeId id, TimeSpan lifetime, params IEnumerable<string> dnsNames)
    {
        ThrowIfNotOurs(id);
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var leaf = Issue(id, new(key), dnsNames, lifetime);
        return leaf.CopyWithPrivateKey(key);
    }

    /// <summary>Issues an X509-SVID for the public key of another party, for example that of a certificate request.</summary>
    /// <remarks>The caller must verify that the requester holds the private key and is entitled to <paramref name="id"/>: the authority cannot.</remarks>
    /// <param name="id">The SPIFFE ID: a workload of <see cref="TrustDomain"/>.</param>
    /// <param name="publicKey">Its public key.</param>
    /// <param name="lifetime">The validity period.</param>
    /// <param name="dnsNames">DNS SANs, in addition to the SPIFFE ID.</param>
    /// <returns>The leaf, without a private key; send <see cref="Intermediate"/> after it.</returns>
    /// <exception cref="ArgumentException">The ID has no path or is of another trust domain, or the key is weak or of an unsupported type.</exception>
    public X509Certificate2 IssueX509Svid(SpiffeId id, PublicKey publicKey, TimeSpan lifetime, params IEnumerable<string> dnsNames)
    {
        ThrowIfNotOurs(id);
        ArgumentNullException.ThrowIfNull(publicKey);
        var leaf = Issue(id, publicKey, dnsNames, lifetime);
        var verified = X509SvidVerifier.Verify(leaf, [Intermediate], new X509BundleSet([new X509Bundle(TrustDomain, [Root])]), PeerRole.Client, _time.GetUtcNow());
        if (verified.Accepted) return leaf;
        leaf.Dispose();
        throw new ArgumentException($"Peers would reject this X509-SVID: {verified.Reason}. Use ECDSA with P-256 or RSA with 2048 bits or more.", nameof(publicKey));
    }

    /// <summary>Issues a JWT-SVID, signed with ES256.</summary>
    /// <param name="id">The SPIFFE ID: a workload of <see cref="TrustDomain"/>.</param>
    /// <param name="audiences">The audiences; at least one (JWT-SVID §3.2).</param>
    /// <param name="lifetime">The validity period.</param>
    /// <returns>The token in JWS compact form.</returns>
    /// <exception cref="ArgumentException">The ID has no path or is of another trust domain, or there is no audience.</exception>
    public string IssueJwtSvid(SpiffeId id, IEnumerable<string> audiences, TimeSpan lifetime)
    {
        ThrowIfNotOurs(id);
        ImmutableArray<string> all = [.. audiences];
        if (all.IsEmpty || all.Contains("")) throw new ArgumentException("A JWT-SVID requires at least one audience, and none may be empty.", nameof(audiences));

        var now = _time.GetUtcNow();
        lock (_signing) return JwtKey.Sign(id, all, now, now + lifetime);
    }

    /// <summary>Disposes the private keys.</summary>
    public void Dispose()
    {
        _rootKey.Dispose();
        _intermediateKey.Dispose();
        JwtKey.Dispose();
    }

    internal IssuedX509Svid Issue(SpiffeId id, DevIdentity identity, DevKeyAlgorithm algorithm, TimeSpan lifetime)
    {
        using AsymmetricAlgorithm key = algorithm switch
        {
            DevKeyAlgorithm.Rsa2048 => RSA.Create(2048),
            DevKeyAlgorithm.EcdsaP384 => ECDsa.Create(ECCurve.NamedCurves.nistP384),
            _ => ECDsa.Create(ECCurve.NamedCurves.nistP256),
        };
        using var leaf = Issue(id, new(key), identity.DnsNames.IsDefault ? [] : identity.DnsNames, lifetime);
        return new(id, identity, [.. leaf.RawData, .. Intermediate.RawData], key.ExportPkcs8PrivateKey(), leaf.SerialNumber, new(leaf.NotAfter.ToUniversalTime()));
    }

    private X509Certificate2 Issue(SpiffeId id, PublicKey key, IEnumerable<string> dnsNames, TimeSpan lifetime)
    {
        // Certificates have whole seconds: rounded up, so that a lifetime of one second is not shorter.
        var now = _time.GetUtcNow();
        var notAfter = DateTimeOffset.FromUnixTimeSeconds((now + lifetime).ToUnixTimeSeconds() + 1);
        var last = new DateTimeOffset(Intermediate.NotAfter);
        lock (_signing)
            return CertificateProfile.Sign(CertificateProfile.Leaf(id, key, dnsNames), _intermediateKey, Intermediate, now - BackDating, notAfter < last ? notAfter : last);
    }

    private void ThrowIfNotOurs(SpiffeId id)
    {
        ArgumentNullException.ThrowIfNull(id);
        if (!id.IsMemberOf(TrustDomain) || id.Path.Length == 0)
            throw new ArgumentException($"The authority of '{TrustDomain}' issues identities only for workloads in its own trust domain, not '{id}'.", nameof(id));
    }
}
