using System.Security.Cryptography.X509Certificates;

namespace AspNetSpiffe;

/// <summary>What the certificates of a peer prove: whose they are, which authority vouches for that, and when. Who holds the key, only a handshake proves.</summary>
internal sealed class PeerProof(SpiffeId id, X509Certificate2 leaf, X509Bundle bundle, X509Certificate2 authority, IEnumerable<X509Certificate2> chain)
{
    public SpiffeId Id { get; } = id;

    public X509Bundle Bundle { get; } = bundle;

    public X509Certificate2 Authority { get; } = authority;

    public Validity Leaf { get; } = Validity.Of(leaf);

    /// <summary>Gets when every certificate of the chain is valid, from the leaf to the authority.</summary>
    public Validity Chain { get; } = chain.Select(Validity.Of).Aggregate(static (all, next) => all.And(next));
}
