using System.Collections.Immutable;

namespace AspNetSpiffe;

/// <summary>A snapshot of the current bundle of each trust domain with an endpoint. Immutable; an update replaces it.</summary>
/// <param name="Bundles">The bundles by trust domain; <see langword="null"/> before the first fetch.</param>
internal sealed record FederatedBundleSet(ImmutableDictionary<TrustDomain, SpiffeBundle?> Bundles)
{
    public static FederatedBundleSet Empty { get; } = new(ImmutableDictionary<TrustDomain, SpiffeBundle?>.Empty);

    /// <summary>Merges with the bundles of the source of our identity. A trust domain with an endpoint has the bundle of the endpoint, or none; all others, and always our own, have the bundle of that source.</summary>
    /// <param name="given">The bundles of that source.</param>
    /// <param name="own">Our own trust domain, if it is known.</param>
    public X509BundleSet ApplyTo(X509BundleSet given, TrustDomain? own) =>
        Bundles.IsEmpty ? given : new(Merge(given, static bundle => bundle.TrustDomain, static bundle => bundle.X509, own)) { Remarks = given.Remarks };

    /// <inheritdoc cref="ApplyTo(X509BundleSet, TrustDomain?)"/>
    public JwtBundleSet ApplyTo(JwtBundleSet given, TrustDomain? own) =>
        Bundles.IsEmpty ? given : new(Merge(given, static bundle => bundle.TrustDomain, static bundle => bundle.Jwt, own)) { Remarks = given.Remarks };

    // Bundles of one trust domain from two origins are never merged: each origin could then impersonate the other.
    private IEnumerable<T> Merge<T>(IEnumerable<T> given, Func<T, TrustDomain> trustDomainOf, Func<SpiffeBundle, T> part, TrustDomain? own) =>
    [
        .. given.Where(bundle => trustDomainOf(bundle) == own || !Bundles.ContainsKey(trustDomainOf(bundle))),
        .. Bundles.Where(entry => entry.Key != own).Select(entry => entry.Value).OfType<SpiffeBundle>().Select(part),
    ];
}
