using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace AspNetSpiffe;

/// <summary>Says whether a certificate is a valid X509-SVID, against the bundle of its own trust domain (X509-SVID §5). Never throws for what a peer sent.</summary>
/// <remarks>Thread-safe. Touches neither network nor disk for a stranger's certificate: no downloads, no revocation lists.</remarks>
public static class X509SvidVerifier
{
    private static readonly Oid ServerAuthentication = new("1.3.6.1.5.5.7.3.1");
    private static readonly Oid ClientAuthentication = new("1.3.6.1.5.5.7.3.2");

    /// <summary>Verifies a peer.</summary>
    /// <param name="leaf">The certificate that the peer presented, or <see langword="null"/> when it presented none.</param>
    /// <param name="intermediates">The other certificates that the peer sent.</param>
    /// <param name="bundles">The trust domains that we know.</param>
    /// <param name="role">The part that the peer plays.</param>
    /// <param name="now">The time at which every certificate must be valid.</param>
    /// <param name="limits">How much the peer may send; by default the defaults of <see cref="SpiffeLimits"/>.</param>
    public static VerificationResult Verify(
        X509Certificate2? leaf, X509Certificate2Collection intermediates, X509BundleSet bundles, PeerRole role, DateTimeOffset now, SpiffeLimits? limits = null)
    {
        ArgumentNullException.ThrowIfNull(intermediates);
        ArgumentNullException.ThrowIfNull(bundles);
        return VerifyFor(role, leaf, intermediates, bundles, now, limits ?? SpiffeLimits.Default);
    }

    /// <summary>Verifies for a role, or, for an SVID of our own, for none: it may be issued for one of the two only.</summary>
    internal static VerificationResult VerifyFor(
        PeerRole? role, X509Certificate2? leaf, X509Certificate2Collection intermediates, X509BundleSet bundles, DateTimeOffset now, SpiffeLimits limits)
    {
        var (reason, id, bundle) = CheckLeaf(leaf, intermediates.Count, bundles, limits);
        return reason == RejectionReason.None
            ? BuildAndCheck(leaf!, intermediates, id!, bundle!, role, now)
            : VerificationResult.Reject(reason, id);
    }

    /// <summary>Verifies a peer whose chain SslStream has built already: good if it was built with the bundle of the peer's trust domain, else built again.</summary>
    internal static VerificationResult VerifyBuilt(
        X509Certificate2? leaf, X509Chain? chain, bool isValid, X509BundleSet bundles, PeerRole role, DateTimeOffset now, SpiffeLimits limits)
    {
        var intermediates = chain?.ChainPolicy.ExtraStore ?? [];
        var (reason, id, bundle) = CheckLeaf(leaf, intermediates.Count, bundles, limits);
        if (reason != RejectionReason.None) return VerificationResult.Reject(reason, id);

        return chain is not null && bundle!.IsIn(chain.ChainPolicy)
            ? CheckChain(leaf!, chain, isValid, id!, bundle)
            : BuildAndCheck(leaf!, intermediates, id!, bundle!, role, now);
    }

    private static (RejectionReason, SpiffeId?, X509Bundle?) CheckLeaf(X509Certificate2? leaf, int intermediates, X509BundleSet bundles, SpiffeLimits limits)
    {
        // Workload API §4.6: no certificate, no peer.
        if (leaf is null) return (RejectionReason.NoCertificate, null, null);
        if (intermediates >= limits.MaxChainLength || leaf.RawDataMemory.Length > limits.MaxLeafBytes) return (RejectionReason.TooLarge, null, null);

        // X509-SVID §2, §5.2: exactly one URI name, whatever its scheme, and it is a SPIFFE ID.
        var hasOneUri = SubjectAltNames.TryReadOnlyUri(leaf, out var uri, out var names);
        if (names > limits.MaxNames) return (RejectionReason.TooLarge, null, null);
        if (!hasOneUri) return (RejectionReason.NotOneUriSan, null, null);
        if (!SpiffeId.TryParse(uri, out var id)) return (RejectionReason.InvalidSpiffeId, null, null);

        // X509-SVID §5.2: a leaf names a workload, never the trust domain itself, and signs nothing.
        if (id.Path.Length == 0) return (RejectionReason.RootPath, id, null);
        if (!CertificateUsage.TryRead(leaf, out var usage)) return (RejectionReason.Unreadable, id, null);
        if (usage.IsCa) return (RejectionReason.CaCertificate, id, null);
        if (usage.CanSign) return (RejectionReason.SigningKeyUsage, id, null);

        // X509-SVID §4.3: an issuer must set it, and no framework looks.
        if (!usage.KeyUsage.HasFlag(X509KeyUsageFlags.DigitalSignature)) return (RejectionReason.NoDigitalSignature, id, null);

        // Trust Domain and Bundle §3, §4.1.3: the bundle of its own trust domain, or nobody's; an empty one trusts nobody.
        if (bundles.Find(id.TrustDomain) is not { } bundle) return (RejectionReason.UnknownTrustDomain, id, null);
        return bundle.Count == 0 ? (RejectionReason.EmptyBundle, id, bundle) : (RejectionReason.None, id, bundle);
    }

    private static VerificationResult BuildAndCheck(
        X509Certificate2 leaf, X509Certificate2Collection intermediates, SpiffeId id, X509Bundle bundle, PeerRole? role, DateTimeOffset now)
    {
        using var chain = new X509Chain { ChainPolicy = bundle.CreateChainPolicy(now) };
        chain.ChainPolicy.ExtraStore.AddRange(intermediates);
        if (role is not null) chain.ChainPolicy.ApplicationPolicy.Add(role == PeerRole.Client ? ClientAuthentication : ServerAuthentication);
        try
        {
            return CheckChain(leaf, chain, chain.Build(leaf), id, bundle);
        }
        catch (CryptographicException)
        {
            return VerificationResult.Reject(RejectionReason.InvalidChain, id);
        }
        finally
        {
            ChainReasons.DisposeElements(chain);
        }
    }

    // X509-SVID §5.1: RFC 5280, from the leaf to an authority in that bundle.
    private static VerificationResult CheckChain(X509Certificate2 leaf, X509Chain chain, bool isValid, SpiffeId id, X509Bundle bundle)
    {
        try
        {
            if (!isValid) return VerificationResult.Reject(ChainReasons.Of(chain), id);
            return ChainReasons.FindAuthority(bundle, chain) is { } authority
                ? VerificationResult.Accept(new(leaf, new(id, leaf, bundle, authority, chain.ChainElements.Select(element => element.Certificate))))
                : VerificationResult.Reject(RejectionReason.NotTrusted, id);
        }
        catch (CryptographicException)
        {
            // An intermediate may hold what throws when it is read, such as a date that is none.
            return VerificationResult.Reject(RejectionReason.InvalidChain, id);
        }
    }
}
