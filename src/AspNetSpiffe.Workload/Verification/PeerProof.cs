using System.Collections.Immutable;
using System.Security.Cryptography.X509Certificates;

namespace AspNetSpiffe;

/// <summary>What the certificates of a peer prove: whose they are, which authority vouches for that, and when. Who holds the key, only a handshake proves.</summary>
/// <param name="id">Whose they are.</param>
/// <param name="bundle">What they were verified with.</param>
/// <param name="path">From the leaf to the authority, which is the bundle's own instance.</param>
internal sealed class PeerProof(SpiffeId id, X509Bundle bundle, IReadOnlyList<X509Certificate2> path)
{
    public SpiffeId Id { get; } = id;

    public X509Bundle Bundle { get; } = bundle;

    public X509Certificate2 Authority { get; } = path[^1];

    /// <summary>Gets the certificates of the chain as lists of revoked ones know them.</summary>
    public ImmutableArray<CertificateLink> Links { get; } = CertificateLink.Of(path);

    public Validity Leaf { get; } = Validity.Of(path[0]);

    /// <summary>Gets when every certificate of the chain is valid, from the leaf to the authority.</summary>
    public Validity Chain { get; } = Validity.OfAll(path);
}
