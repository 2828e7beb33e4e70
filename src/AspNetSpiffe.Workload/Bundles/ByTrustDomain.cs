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

        return byTrustDomain.ToFrozenDictionary(ByName.Instance);
    }

    /// <summary>Compares trust domains by their names, so that one is also found by a name that is a part of another text.</summary>
    private sealed class ByName : IEqualityComparer<TrustDomain>, IAlternateEqualityComparer<ReadOnlySpan<char>, TrustDomain>
    {
        public static readonly ByName Instance = new();

        public bool Equals(TrustDomain? x, TrustDomain? y) => x == y;

        public int GetHashCode(TrustDomain trustDomain) => trustDomain.GetHashCode();

        public bool Equals(ReadOnlySpan<char> name, TrustDomain other) => name.SequenceEqual(other.Name);

        // As a trust domain does it.
        public int GetHashCode(ReadOnlySpan<char> name) => string.GetHashCode(name, StringComparison.Ordinal);

        public TrustDomain Create(ReadOnlySpan<char> name) => TrustDomain.Parse(name);
    }
}
