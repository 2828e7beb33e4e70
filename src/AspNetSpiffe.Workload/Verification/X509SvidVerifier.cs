using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace AspNetSpiffe;

/// <summary>Says whether a certificate is a valid X509-SVID, against the bundle of its own trust domain (X509-SVID §5). Never throws for what a peer sent.</summary>
/// <remarks>Thread-safe. Touches neither network nor disk for a stranger's certificate: no downloads, no revocation lists.</remarks>
public static class X509SvidVerifier
{
    // A stranger chooses the intermediates, and so how many paths there are, and how long they are.
    private const int MaxPaths = 16;
    private const int MaxSignatures = 64;

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
        var (reason, id, bundle) = CheckPresented(leaf, intermediates, bundles, limits);
        if (reason != RejectionReason.None) return VerificationResult.Reject(reason, id);

        var request = new Request(leaf!, intermediates, id!, bundle!, role, now);
        var first = Build(request, bundle!.CreateChainPolicy(now), intermediates, out var tried);
        return first.Accepted ? first : TryOtherPaths(request, first, tried);
    }

    /// <summary>Verifies a peer whose chain SslStream has built already: that chain counts if it was built with the bundle of the peer's trust domain.</summary>
    internal static VerificationResult VerifyBuilt(
        X509Certificate2? leaf, X509Chain? chain, X509BundleSet bundles, PeerRole role, DateTimeOffset now, SpiffeLimits limits)
    {
        var intermediates = chain?.ChainPolicy.ExtraStore ?? [];
        var (reason, id, bundle) = CheckPresented(leaf, intermediates, bundles, limits);
        if (reason != RejectionReason.None) return VerificationResult.Reject(reason, id);

        var request = new Request(leaf!, intermediates, id!, bundle!, role, now);
        var first = chain is not null && bundle!.IsIn(chain.ChainPolicy)
            ? Judge(request, chain, out var tried)
            : Build(request, bundle!.CreateChainPolicy(now), intermediates, out tried);
        return first.Accepted ? first : TryOtherPaths(request, first, tried);
    }

    // RFC 4158: one dead end is no verdict where other certificates have the same name.
    private static VerificationResult TryOtherPaths(Request request, VerificationResult first, X509Certificate2[] tried)
    {
        var (best, signatures) = (first, 0);
        foreach (var path in CertificationPaths.Find(request.Leaf, request.Intermediates, request.Bundle.Authorities).Where(path => !path.SequenceEqual(tried, ReferenceEqualityComparer.Instance)).Take(MaxPaths))
        {
            if ((signatures += path.Length - 1) > MaxSignatures) break;
            var result = Build(request, request.Bundle.CreateChainPolicy(request.Now, path[^1]), [.. path[1..^1]], out _);
            if (result.Accepted) return result;

            // What is wrong with a path that leads to an authority says more than that another one does not.
            if (best.Reason is RejectionReason.NotTrusted or RejectionReason.BadSignature) best = result;
        }

        return best;
    }

    private static VerificationResult Build(Request request, X509ChainPolicy policy, X509Certificate2Collection intermediates, out X509Certificate2[] tried)
    {
        using var chain = new X509Chain { ChainPolicy = policy };
        policy.ExtraStore.AddRange(intermediates);
        try
        {
            chain.Build(request.Leaf);
            return Judge(request, chain, out tried);
        }
        catch (CryptographicException)
        {
            tried = [];
            return VerificationResult.Reject(RejectionReason.InvalidChain, request.Id);
        }
        finally
        {
            PathValidation.DisposeElements(chain);
        }
    }

    private static VerificationResult Judge(Request request, X509Chain chain, out X509Certificate2[] tried)
    {
        var reason = PathValidation.Judge(chain, request.Leaf, request.Bundle, request.Role, request.Now, out var path);

        // A chain that goes on above its authority may have failed because of what is there.
        tried = path.Length == chain.ChainElements.Count ? path : [];
        return reason == RejectionReason.None
            ? VerificationResult.Accept(new(request.Leaf, new(request.Id, request.Bundle, path)))
            : VerificationResult.Reject(reason, request.Id);
    }

    private static (RejectionReason, SpiffeId?, X509Bundle?) CheckPresented(
        X509Certificate2? leaf, X509Certificate2Collection intermediates, X509BundleSet bundles, SpiffeLimits limits)
    {
        // Workload API §4.6: no certificate, no peer.
        if (leaf is null) return (RejectionReason.NoCertificate, null, null);
        if (CertificationPaths.CountPresented(leaf, intermediates) > limits.MaxChainLength || leaf.RawDataMemory.Length > limits.MaxLeafBytes) return (RejectionReason.TooLarge, null, null);
        if (intermediates.Prepend(leaf).Any(CertificateStrength.HasOversizeKey)) return (RejectionReason.TooLarge, null, null);

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

    private readonly record struct Request(
        X509Certificate2 Leaf, X509Certificate2Collection Intermediates, SpiffeId Id, X509Bundle Bundle, PeerRole? Role, DateTimeOffset Now);
}
