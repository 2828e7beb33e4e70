using System.Collections.Immutable;

namespace AspNetSpiffe;

/// <summary>A snapshot of our SVIDs and all trust bundles (Workload API §5.2.1). Immutable; an update replaces it as a whole.</summary>
/// <remarks>Thread-safe. Read the current context once per operation, so that SVIDs and bundles are consistent.</remarks>
public sealed class X509Context
{
    /// <summary>Creates a context for an identity that comes neither from the Workload API nor from files; see <see cref="SpiffeOptions.Provider"/>.</summary>
    /// <param name="svids">Our SVIDs, at least one; the first is the default.</param>
    /// <param name="bundles">The bundles of all trust domains, including those of the SVIDs.</param>
    /// <exception cref="ArgumentException">There is no SVID, or no bundle for the trust domain of an SVID.</exception>
    public X509Context(IEnumerable<X509Svid> svids, X509BundleSet bundles)
    {
        ArgumentNullException.ThrowIfNull(svids);
        ArgumentNullException.ThrowIfNull(bundles);
        Svids = [.. svids];
        if (Svids.IsEmpty) throw new ArgumentException("A context has at least one SVID.", nameof(svids));
        if (Svids.FirstOrDefault(svid => bundles.Find(svid.Id.TrustDomain) is null) is { } stranger)
            throw new ArgumentException($"There is no bundle of the trust domain of '{stranger.Id}'.", nameof(bundles));
        (Bundles, DefaultSvid) = (bundles, Svids[0]);
    }

    internal X509Context(ImmutableArray<X509Svid> svids, X509BundleSet bundles, X509Svid defaultSvid) =>
        (Svids, Bundles, DefaultSvid) = (svids, bundles, defaultSvid);

    /// <summary>Gets all SVIDs of this workload, at least one, in the order of the Workload API.</summary>
    public ImmutableArray<X509Svid> Svids { get; }

    /// <summary>Gets the SVID in use: the first, or the one selected by hint or pattern.</summary>
    public X509Svid DefaultSvid { get; }

    /// <summary>Gets the bundles of our own and of all federated trust domains.</summary>
    public X509BundleSet Bundles { get; }

    /// <summary>Gets the trust domain of <see cref="DefaultSvid"/>.</summary>
    public TrustDomain TrustDomain => DefaultSvid.Id.TrustDomain;

    /// <summary>Gets the parts of the Workload API's message that were ignored, one sentence each; for example an invalid federated bundle.</summary>
    public ImmutableArray<string> Remarks { get; private init; } = [];

    internal X509Context WithDefault(X509Svid svid) => new(Svids, Bundles, svid) { Remarks = Remarks };

    internal X509Context WithBundles(X509BundleSet bundles) => ReferenceEquals(bundles, Bundles) ? this : new(Svids, bundles, DefaultSvid) { Remarks = Remarks };

    internal X509Context WithRemarks(IEnumerable<string> remarks) => new(Svids, Bundles, DefaultSvid) { Remarks = [.. remarks] };

    internal bool SameContentAs(X509Context other) =>
        Svids.Length == other.Svids.Length
        && Svids.Zip(other.Svids).All(static pair => pair.First.IsSameAs(pair.Second))
        && Bundles.SameContentAs(other.Bundles);
}
