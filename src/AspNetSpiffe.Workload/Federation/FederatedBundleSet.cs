using System.Collections.Immutable;

namespace AspNetSpiffe;

/// <summary>The newest bundle of each trust domain that has an endpoint, at one moment. Never changes; a newer one replaces it.</summary>
/// <param name="Bundles">By trust domain; <see langword="null"/> where there is none yet.</param>
internal sealed record FederatedBundleSet(ImmutableDictionary<TrustDomain, SpiffeBundle?> Bundles)
{
    public static FederatedBundleSet Empty { get; } = new(ImmutableDictionary<TrustDomain, SpiffeBundle?>.Empty);

    /// <summary>Merges with the bundles that the source of our identity gives: a trust domain with an endpoint has the bundle of that endpoint, or none; all others, and our own always, have what that source says.</summary>
    /// <param name="given">What that source gives.</param>
    /// <param name="own">Our own trust domain, if it is known.</param>
    public X509BundleSet ApplyTo(X509BundleSet given, TrustDomain? own) =>
        Bundles.IsEmpty ? given : new(Merge(given, static bundle => bundle.TrustDomain, static bundle => bundle.X509, own)) { Remarks = given.Remarks };

    /// <inheritdoc cref="ApplyTo(X509BundleSet, TrustDomain?)"/>
    public JwtBundleSet ApplyTo(JwtBundleSet given, TrustDomain? own) =>
        Bundles.IsEmpty ? given : new(Merge(given, static bundle => bundle.TrustDomain, static bundle => bundle.Jwt, own)) { Remarks = given.Remarks };

    // Never two bundles of one trust domain in one: either could then speak for the other.
    private IEnumerable<T> Merge<T>(IEnumerable<T> given, Func<T, TrustDomain> trustDomainOf, Func<SpiffeBundle, T> part, TrustDomain? own) =>
    [
        .. given.Where(bundle => trustDomainOf(bundle) == own || !Bundles.ContainsKey(trustDomainOf(bundle))),
        .. Bundles.Where(entry => entry.Key != own).Select(entry => entry.Value).OfType<SpiffeBundle>().Select(part),
    ];
}
