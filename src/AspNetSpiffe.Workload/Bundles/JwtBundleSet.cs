using System.Collections;
using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;

namespace AspNetSpiffe;

/// <summary>The JWT bundles of several trust domains, side by side and never merged (SPIFFE Trust Domain and Bundle §3).</summary>
/// <remarks>Immutable and thread-safe.</remarks>
[SuppressMessage("Naming", "CA1710:Identifiers should have correct suffix", Justification = "'Bundle set' is the established term.")]
public sealed class JwtBundleSet : IReadOnlyCollection<JwtBundle>
{
    private readonly FrozenDictionary<TrustDomain, JwtBundle> _bundles;

    /// <summary>Creates a set.</summary>
    /// <exception cref="ArgumentException">Two bundles are of the same trust domain.</exception>
    public JwtBundleSet(IEnumerable<JwtBundle> bundles) => _bundles = ByTrustDomain.Of(bundles, static bundle => bundle.TrustDomain);

    /// <summary>Gets the number of trust domains.</summary>
    public int Count => _bundles.Count;

    /// <summary>Gets the parts of the message that were ignored when the set was read, one sentence each.</summary>
    public ImmutableArray<string> Remarks { get; internal init; } = [];

    /// <summary>Finds the bundle of a trust domain.</summary>
    /// <returns>The bundle, or <see langword="null"/> when the trust domain is unknown, and none of its tokens can be verified.</returns>
    public JwtBundle? Find(TrustDomain trustDomain) => _bundles.GetValueOrDefault(trustDomain);

    /// <inheritdoc/>
    public IEnumerator<JwtBundle> GetEnumerator() => ((IEnumerable<JwtBundle>)_bundles.Values).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    internal bool SameContentAs(JwtBundleSet other) => Count == other.Count && this.All(bundle => bundle.Equals(other.Find(bundle.TrustDomain)));
}
