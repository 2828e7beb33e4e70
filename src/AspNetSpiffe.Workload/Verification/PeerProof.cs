using System.Collections.Immutable;
using System.Security.Cryptography.X509Certificates;

namespace AspNetSpiffe;

/// <summary>The verified chain of a peer: its SPIFFE ID, its authority and its validity period. Possession of the private key is proved by the handshake only.</summary>
/// <param name="id">The SPIFFE ID of the leaf.</param>
/// <param name="bundle">The trust bundle that verified it.</param>
/// <param name="path">From the leaf to the authority, which is the bundle's own instance.</param>
internal sealed class PeerProof(SpiffeId id, X509Bundle bundle, IReadOnlyList<X509Certificate2> path)
{
    public SpiffeId Id { get; } = id;

    public X509Bundle Bundle { get; } = bundle;

    public X509Certificate2 Authority { get; } = path[^1];

    /// <summary>Gets the certificates of the chain for look-ups in revocation lists.</summary>
    public ImmutableArray<CertificateLink> Links { get; } = CertificateLink.Of(path);

    public Validity Leaf { get; } = Validity.Of(path[0]);

    /// <summary>Gets the period in which every certificate of the chain is valid, from the leaf to the authority.</summary>
    public Validity Chain { get; } = Validity.OfAll(path);
}
