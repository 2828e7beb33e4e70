using System.Collections;
using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;

namespace AspNetSpiffe;

/// <summary>The bundles of several trust domains, side by side and never merged (SPIFFE Trust Domain and Bundle §3).</summary>
/// <remarks>Immutable and thread-safe.</remarks>
[SuppressMessage("Naming", "CA1710:Identifiers should have correct suffix", Justification = "'Bundle set' is the established term.")]
public sealed class X509BundleSet : IReadOnlyCollection<X509Bundle>
{
    private readonly FrozenDictionary<TrustDomain, X509Bundle> _bundles;

    /// <summary>Creates a set.</summary>
    /// <exception cref="ArgumentException">Two bundles are of the same trust domain.</exception>
    public X509BundleSet(IEnumerable<X509Bundle> bundles) => _bundles = ByTrustDomain.Of(bundles, static bundle => bundle.TrustDomain);

    private X509BundleSet(FrozenDictionary<TrustDomain, X509Bundle> bundles) => _bundles = bundles;

    /// <summary>Gets the number of trust domains.</summary>
    public int Count => _bundles.Count;

    /// <summary>Gets the parts of the message that were ignored when the set was read, one sentence each.</summary>
    public ImmutableArray<string> Remarks { get; internal init; } = [];

    /// <summary>Finds the bundle of a trust domain.</summary>
    /// <returns>The bundle, or <see langword="null"/> when the trust domain is unknown, and none of its peers can be verified.</returns>
    public X509Bundle? Find(TrustDomain trustDomain) => _bundles.GetValueOrDefault(trustDomain);

    /// <summary>Finds the bundle of a trust domain by a span of characters, without allocating a string.</summary>
    internal X509Bundle? Find(ReadOnlySpan<char> name) => _bundles.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(name, out var bundle) ? bundle : null;

    /// <inheritdoc/>
    public IEnumerator<X509Bundle> GetEnumerator() => ((IEnumerable<X509Bundle>)_bundles.Values).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    internal X509BundleSet WithRemarks(ImmutableArray<string> remarks) => remarks.SequenceEqual(Remarks) ? this : new(_bundles) { Remarks = remarks };

    internal bool SameContentAs(X509BundleSet other) => Count == other.Count && this.All(bundle => bundle.Equals(other.Find(bundle.TrustDomain)));
}
