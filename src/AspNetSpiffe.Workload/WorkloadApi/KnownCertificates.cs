using System.Collections.Immutable;
using System.Security.Cryptography.X509Certificates;

namespace AspNetSpiffe;

/// <summary>The certificates of the previous message, without private keys: an unchanged certificate or bundle is the same instance.</summary>
/// <remarks>So cached verifications stay valid, and ten thousand bundles are not decoded again because one has changed.</remarks>
internal sealed record KnownCertificates(ImmutableArray<X509Certificate2> Intermediates, X509BundleSet Bundles)
{
    public static readonly KnownCertificates None = new([], new([]));

    public static KnownCertificates Of(X509Context context) => new([.. context.Svids.SelectMany(static svid => svid.Intermediates)], context.Bundles);

    /// <summary>Finds the trust domain of an ID of the previous message, without parsing it again.</summary>
    public TrustDomain? FindTrustDomain(string id) =>
        id.StartsWith(SpiffeId.Grammar.Scheme, StringComparison.Ordinal) ? Bundles.Find(id.AsSpan(SpiffeId.Grammar.Scheme.Length))?.TrustDomain : null;

    public X509Bundle? FindBundle(TrustDomain trustDomain, ReadOnlySpan<byte> der) => Bundles.Find(trustDomain) is { } bundle && bundle.IsOf(der) ? bundle : null;

    public X509BundleSet SetOf(IReadOnlyCollection<X509Bundle> bundles) =>
        Bundles.Count == bundles.Count && bundles.All(bundle => ReferenceEquals(bundle, Bundles.Find(bundle.TrustDomain))) ? Bundles : new(bundles);
}
