using System.Collections.Immutable;
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

    /// <summary>Checks each rule separately, so that one error does not hide another: for diagnosis of a certificate.</summary>
    /// <remarks>The rules and their order are those of <see cref="Verify"/>: its reason is that of the first rule that is broken here.</remarks>
    /// <param name="leaf">The certificate.</param>
    /// <param name="intermediates">The certificates that come with it.</param>
    /// <param name="bundles">The trust domains that we know; <see langword="null"/> leaves out what takes a bundle.</param>
    /// <param name="role">The part that its owner plays.</param>
    /// <param name="now">The time at which every certificate must be valid.</param>
    /// <param name="limits">How much there may be; by default the defaults of <see cref="SpiffeLimits"/>.</param>
    public static ImmutableArray<InspectedRule> Inspect(
        X509Certificate2 leaf, X509Certificate2Collection intermediates, X509BundleSet? bundles, PeerRole role, DateTimeOffset now, SpiffeLimits? limits = null)
    {
        ArgumentNullException.ThrowIfNull(leaf);
        ArgumentNullException.ThrowIfNull(intermediates);
        var presented = new PresentedCertificates(leaf, intermediates, limits ?? SpiffeLimits.Default);
        LeafFacts? facts = PresentedRules.OfSize.FindBroken(presented) == RejectionReason.None ? LeafFacts.Read(leaf, presented.Limits) : null;
        TrustFacts? trust = bundles is not null && facts?.Id is { } id ? new(bundles.Find(id.TrustDomain)) : null;
        PathFacts? path = trust?.Bundle is { Count: > 0 } bundle ? FindBest(new(leaf, intermediates, facts!.Value.Id!, bundle, role, now)).Facts : null;
        return
        [
            .. PresentedRules.OfSize.Inspect(presented, RejectionReason.TooLarge),
            .. PresentedRules.OfLeaf.Inspect(facts, RejectionReason.Unreadable),
            .. PresentedRules.OfTrust.Inspect(trust, RejectionReason.EmptyBundle),
            .. PathValidation.Rules.Inspect(path, RejectionReason.InvalidChain),
        ];
    }

    /// <summary>Verifies for a role, or, for an SVID of our own, for none: it may be issued for one of the two only.</summary>
    internal static VerificationResult VerifyFor(
        PeerRole? role, X509Certificate2? leaf, X509Certificate2Collection intermediates, X509BundleSet bundles, DateTimeOffset now, SpiffeLimits limits, X509Chain? built = null)
    {
        using var read = leaf?.Share();
        var (reason, id, bundle) = CheckPresented(read, intermediates, bundles, limits);
        return reason == RejectionReason.None ? Conclude(leaf!, new(read!, intermediates, id!, bundle!, role, now), built) : VerificationResult.Reject(reason, id);
    }

    /// <summary>Verifies a peer whose chain SslStream has built already: that chain counts if it was built with the bundle of the peer's trust domain.</summary>
    internal static VerificationResult VerifyBuilt(
        X509Certificate2? leaf, X509Chain? chain, X509BundleSet bundles, PeerRole role, DateTimeOffset now, SpiffeLimits limits) =>
        VerifyFor(role, leaf, chain?.ChainPolicy.ExtraStore ?? [], bundles, now, limits, chain);

    private static VerificationResult Conclude(X509Certificate2 leaf, Request request, X509Chain? built)
    {
        var best = FindBest(request, built);
        return best.Reason == RejectionReason.None
            ? VerificationResult.Accept(new(leaf, new(request.Id, request.Bundle, best.Facts.Path)))
            : VerificationResult.Reject(best.Reason, request.Id);
    }

    private static Attempt FindBest(Request request, X509Chain? built = null)
    {
        var first = built is not null && request.Bundle.IsIn(built.ChainPolicy)
            ? Judge(request, built)
            : Build(request, request.Bundle.CreateChainPolicy(request.Now), request.Intermediates);
        return first.Reason == RejectionReason.None ? first : TryOtherPaths(request, first);
    }

    // RFC 4158: one dead end is no verdict where other certificates have the same name.
    private static Attempt TryOtherPaths(Request request, Attempt first)
    {
        var (best, signatures) = (first, 0);
        foreach (var path in CertificationPaths.Find(request.Leaf, request.Intermediates, request.Bundle.Authorities).Where(path => !path.SequenceEqual(first.Tried, ReferenceEqualityComparer.Instance)).Take(MaxPaths))
        {
            if ((signatures += path.Length - 1) > MaxSignatures) break;
            var attempt = Build(request, request.Bundle.CreateChainPolicy(request.Now, path[^1]), [.. path[1..^1]]);
            if (attempt.Reason == RejectionReason.None) return attempt;

            // What is wrong with a path that leads to an authority says more than that another one does not.
            if (best.Reason is RejectionReason.NotTrusted or RejectionReason.BadSignature) best = attempt;
        }

        return best;
    }

    private static Attempt Build(Request request, X509ChainPolicy policy, X509Certificate2Collection intermediates)
    {
        using var chain = new X509Chain { ChainPolicy = policy };
        policy.ExtraStore.AddRange(intermediates);
        try
        {
            chain.Build(request.Leaf);
            return Judge(request, chain);
        }
        catch (CryptographicException)
        {
            return Judge(new([], X509ChainStatusFlags.NoError, request.Role, request.Now, IsBuilt: false), []);
        }
        finally
        {
            PathValidation.DisposeElements(chain);
        }
    }

    private static Attempt Judge(Request request, X509Chain chain)
    {
        var facts = PathValidation.Read(chain, request.Leaf, request.Bundle, request.Role, request.Now);

        // A chain that goes on above its authority may have failed because of what is there.
        return Judge(facts, facts.Path.Length == chain.ChainElements.Count ? facts.Path : []);
    }

    private static Attempt Judge(PathFacts facts, X509Certificate2[] tried) => new(PathValidation.Judge(facts), facts, tried);

    private static (RejectionReason, SpiffeId?, X509Bundle?) CheckPresented(
        X509Certificate2? leaf, X509Certificate2Collection intermediates, X509BundleSet bundles, SpiffeLimits limits)
    {
        // Workload API §4.6: no certificate, no peer.
        if (leaf is null) return (RejectionReason.NoCertificate, null, null);
        if (PresentedRules.OfSize.FindBroken(new(leaf, intermediates, limits)) is var size and not RejectionReason.None) return (size, null, null);

        var facts = LeafFacts.Read(leaf, limits);
        if (PresentedRules.OfLeaf.FindBroken(facts) is var broken and not RejectionReason.None) return (broken, facts.Id, null);

        var bundle = bundles.Find(facts.Id!.TrustDomain);
        return (PresentedRules.OfTrust.FindBroken(new(bundle)), facts.Id, bundle);
    }

    private readonly record struct Request(
        X509Certificate2 Leaf, X509Certificate2Collection Intermediates, SpiffeId Id, X509Bundle Bundle, PeerRole? Role, DateTimeOffset Now);

    /// <summary>What came of one path.</summary>
    private readonly record struct Attempt(RejectionReason Reason, PathFacts Facts, X509Certificate2[] Tried);
}
