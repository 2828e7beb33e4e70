using System.Collections.Frozen;

namespace AspNetSpiffe;

/// <summary>Keeps bundles apart by their trust domain (SPIFFE Trust Domain and Bundle §3).</summary>
internal static class ByTrustDomain
{
    /// <exception cref="ArgumentException">Two bundles are of the same trust domain.</exception>
    public static FrozenDictionary<TrustDomain, T> Of<T>(IEnumerable<T> bundles, Func<T, TrustDomain> trustDomainOf)
    {
        ArgumentNullException.ThrowIfNull(bundles);
        var byTrustDomain = new Dictionary<TrustDomain, T>();
        foreach (var bundle in bundles)
            if (!byTrustDomain.TryAdd(trustDomainOf(bundle), bundle))
                throw new ArgumentException($"There are two bundles of '{trustDomainOf(bundle)}'.", nameof(bundles));

        return byTrustDomain.ToFrozenDictionary();
    }
}
