using System.Collections.Frozen;

namespace AspNetSpiffe;

/// <summary>Builds a dictionary of bundles with one bundle per trust domain (SPIFFE Trust Domain and Bundle §3).</summary>
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

        return byTrustDomain.ToFrozenDictionary(ByName.Instance);
    }

    /// <summary>Compares trust domains by name, so that a look-up by a span of characters needs no allocation.</summary>
    private sealed class ByName : IEqualityComparer<TrustDomain>, IAlternateEqualityComparer<ReadOnlySpan<char>, TrustDomain>
    {
        public static readonly ByName Instance = new();

        public bool Equals(TrustDomain? x, TrustDomain? y) => x == y;

        public int GetHashCode(TrustDomain trustDomain) => string.GetHashCode(trustDomain.Name, StringComparison.Ordinal);

        public bool Equals(ReadOnlySpan<char> name, TrustDomain other) => name.SequenceEqual(other.Name);

        public int GetHashCode(ReadOnlySpan<char> name) => string.GetHashCode(name, StringComparison.Ordinal);

        public TrustDomain Create(ReadOnlySpan<char> name) => TrustDomain.Parse(name);
    }
}
