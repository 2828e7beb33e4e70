using System.Security.Cryptography.X509Certificates;

namespace AspNetSpiffe;

/// <summary>The verified peer of one connection: its SPIFFE ID, its certificate chain, and until when the chain is valid.</summary>
/// <remarks>Exists for verified peers only. Immutable and thread-safe.</remarks>
public sealed class SpiffePeer
{
    internal SpiffePeer(X509Certificate2 leaf, PeerProof proof) => (Leaf, Proof) = (leaf, proof);

    /// <summary>Gets the verified SPIFFE ID of the peer.</summary>
    public SpiffeId Id => Proof.Id;

    /// <summary>Gets the leaf certificate that the peer presented. The connection owns it: do not dispose it.</summary>
    public X509Certificate2 Leaf { get; }

    /// <summary>Gets the bundle of the peer's trust domain that verified it.</summary>
    public X509Bundle Bundle => Proof.Bundle;

    /// <summary>Gets the authority in <see cref="Bundle"/> at which the peer's chain ends. The bundle owns it: do not dispose it.</summary>
    public X509Certificate2 Authority => Proof.Authority;

    /// <summary>Gets when the peer's SVID became valid.</summary>
    public DateTimeOffset NotBefore => Proof.Leaf.NotBefore;

    /// <summary>Gets when the peer's SVID expires.</summary>
    public DateTimeOffset NotAfter => Proof.Leaf.NotAfter;

    /// <summary>Gets the time at which the first certificate of the peer's chain expires: the leaf, an intermediate or the authority.</summary>
    /// <remarks>The second of a certificate's <c>notAfter</c> is still part of its validity period (RFC 5280 §4.1.2.5), so this may be a second after <see cref="NotAfter"/>, or long before it.</remarks>
    public DateTimeOffset ValidUntil => Proof.Chain.End;

    internal PeerProof Proof { get; }

    /// <summary>Returns the peer's SPIFFE ID.</summary>
    public override string ToString() => Id.ToString();
}
