using System.Security.Cryptography.X509Certificates;

namespace AspNetSpiffe;

/// <summary>The verified peer of one connection: who it is, how it proved that, and until when the proof holds.</summary>
/// <remarks>Made for verified peers only. Immutable; safe to share between threads.</remarks>
public sealed class SpiffePeer
{
    internal SpiffePeer(X509Certificate2 leaf, PeerProof proof) => (Leaf, Proof) = (leaf, proof);

    /// <summary>Gets the SPIFFE ID that the peer proved.</summary>
    public SpiffeId Id => Proof.Id;

    /// <summary>Gets the leaf certificate that the peer presented. It belongs to the connection: do not dispose it.</summary>
    public X509Certificate2 Leaf { get; }

    /// <summary>Gets the bundle of the peer's trust domain that verified it.</summary>
    public X509Bundle Bundle => Proof.Bundle;

    /// <summary>Gets the authority in <see cref="Bundle"/> that the peer's chain leads to. It belongs to the bundle: do not dispose it.</summary>
    public X509Certificate2 Authority => Proof.Authority;

    /// <summary>Gets when the peer's SVID became valid.</summary>
    public DateTimeOffset NotBefore => Proof.Leaf.NotBefore;

    /// <summary>Gets when the peer's SVID expires.</summary>
    public DateTimeOffset NotAfter => Proof.Leaf.NotAfter;

    /// <summary>Gets the first moment at which a certificate of the peer's chain is no longer valid: the leaf, an intermediate or the authority.</summary>
    /// <remarks>The last second of a certificate's validity belongs to it (RFC 5280 §4.1.2.5), so this may be a second after <see cref="NotAfter"/>, or long before it.</remarks>
    public DateTimeOffset ValidUntil => Proof.Chain.End;

    internal PeerProof Proof { get; }

    /// <summary>Returns the peer's SPIFFE ID.</summary>
    public override string ToString() => Id.ToString();
}
