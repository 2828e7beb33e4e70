using System.Collections.Immutable;
using System.Security.Cryptography.X509Certificates;

namespace AspNetSpiffe;

/// <summary>The rules for the certificates that a peer presents, in the order of the verifier: checked before a chain is built, and size limits before anything is parsed (X509-SVID §5).</summary>
internal static class PresentedRules
{
    private const string OurLimits = "Spiffe:Limits";

    public static ImmutableArray<Rule<PresentedCertificates, RejectionReason>> OfSize { get; } =
    [
        new(OurLimits, "There are no more certificates than MaxChainLength.", static p => If(CertificationPaths.CountPresented(p.Leaf, p.Others) <= p.Limits.MaxChainLength, RejectionReason.TooLarge)),
        new(OurLimits, "The leaf has no more bytes than MaxLeafBytes.", static p => If(p.Leaf.RawDataMemory.Length <= p.Limits.MaxLeafBytes, RejectionReason.TooLarge)),
        new(OurLimits, "No key has more than 8192 bits.", static p => If(!HasOversizeKey(p), RejectionReason.TooLarge)),
    ];

    public static ImmutableArray<Rule<LeafFacts, RejectionReason>> OfLeaf { get; } =
    [
        new(OurLimits, "The leaf has no more names than MaxNames.", static leaf => If(leaf.Names <= leaf.MaxNames, RejectionReason.TooLarge)),

        // Whatever its scheme.
        new("X509-SVID §2, §5.2", "The leaf has exactly one URI name.", static leaf => If(leaf.Uri is not null, RejectionReason.NotOneUriSan), static leaf => leaf.Names <= leaf.MaxNames),
        new("SPIFFE-ID §2", "Its URI name is a SPIFFE ID.", static leaf => If(leaf.Id is not null, RejectionReason.InvalidSpiffeId), static leaf => leaf.Uri is not null, Explain),
        new("X509-SVID §5.2", "The ID names a workload, not its trust domain.", static leaf => If(leaf.Id!.Path.Length > 0, RejectionReason.RootPath), static leaf => leaf.Id is not null),
        new("RFC 5280 §4", "Its validity, basic constraints and key usage can be read.", static leaf => If(leaf.Usage is not null, RejectionReason.Unreadable)),
        new("X509-SVID §5.2", "The leaf is not a CA.", static leaf => If(!leaf.Usage!.Value.IsCa, RejectionReason.CaCertificate), HasUsage),
        new("X509-SVID §5.2", "The leaf may sign neither certificates nor revocation lists.", static leaf => If(!leaf.Usage!.Value.CanSign, RejectionReason.SigningKeyUsage), HasUsage),

        // An issuer must set it, and no framework checks it.
        new("X509-SVID §4.3", "Its key usage has digitalSignature.", static leaf => If(leaf.Usage!.Value.KeyUsage.HasFlag(X509KeyUsageFlags.DigitalSignature), RejectionReason.NoDigitalSignature), HasUsage),
    ];

    public static ImmutableArray<Rule<TrustFacts, RejectionReason>> OfTrust { get; } =
    [
        // Only the bundle of the peer's own trust domain is used.
        new("Trust Domain and Bundle §3", "There is a bundle of its trust domain.", static trust => If(trust.Bundle is not null, RejectionReason.UnknownTrustDomain)),
        new("Trust Domain and Bundle §4.1.3", "That bundle has an authority.", static trust => If(trust.Bundle!.Count > 0, RejectionReason.EmptyBundle), static trust => trust.Bundle is not null),
    ];

    private static RejectionReason If(bool isKept, RejectionReason broken) => isKept ? RejectionReason.None : broken;

    private static bool HasOversizeKey(PresentedCertificates presented)
    {
        for (var i = 0; i < presented.Others.Count; i++)
            if (CertificateStrength.HasOversizeKey(presented.Others[i]))
                return true;

        return CertificateStrength.HasOversizeKey(presented.Leaf);
    }

    private static bool HasUsage(LeafFacts leaf) => leaf.Usage is not null;

    private static string? Explain(LeafFacts leaf) => leaf.Uri is { } uri && !SpiffeId.TryParse(uri, out _, out var problem) ? problem.Describe(uri) : null;
}

/// <summary>The certificates that a peer presented.</summary>
internal readonly record struct PresentedCertificates(X509Certificate2 Leaf, X509Certificate2Collection Others, SpiffeLimits Limits);

/// <summary>The properties of a leaf that is within the size limits.</summary>
/// <param name="Uri">Its URI SAN; <see langword="null"/> when there is not exactly one, or there are too many SANs.</param>
/// <param name="Names">The number of its SANs of all kinds.</param>
/// <param name="MaxNames">The maximum number of SANs.</param>
/// <param name="Id">The SPIFFE ID in its URI SAN.</param>
/// <param name="Usage">Its key usage and basic constraints; <see langword="null"/> when they cannot be read.</param>
internal readonly record struct LeafFacts(string? Uri, int Names, int MaxNames, SpiffeId? Id, CertificateUsage? Usage)
{
    public static LeafFacts Read(X509Certificate2 leaf, SpiffeLimits limits)
    {
        var onlyUri = SubjectAltNames.TryReadOnlyUri(leaf, out var uri, out var names) && names <= limits.MaxNames ? uri : null;
        return new(onlyUri, names, limits.MaxNames, SpiffeId.TryParse(onlyUri, out var id) ? id : null, CertificateUsage.TryRead(leaf, out var usage) ? usage : null);
    }
}

/// <summary>The trust bundle of the peer's trust domain, if there is one.</summary>
internal readonly record struct TrustFacts(X509Bundle? Bundle);
