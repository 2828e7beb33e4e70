using System.Security.Cryptography.X509Certificates;

namespace AspNetSpiffe;

/// <summary>The verified peer of one connection: who it is, how it proved that, and until when the proof holds.</summary>
/// <remarks>Made by <see cref="X509SvidVerifier"/> only, and so never for a peer that was not verified. Immutable; safe to share between threads.</remarks>
public sealed class SpiffePeer
{
    internal SpiffePeer(SpiffeId id, X509Certificate2 leaf, X509Bundle bundle, X509Certificate2 authority)
    {
        Id = id;
        Leaf = leaf;
        Bundle = bundle;
        Authority = authority;
        NotBefore = leaf.NotBefore.ToUniversalTime();
        NotAfter = leaf.NotAfter.ToUniversalTime();
    }

    /// <summary>Gets the SPIFFE ID that the peer proved.</summary>
    public SpiffeId Id { get; }

    /// <summary>Gets the leaf certificate that the peer presented. It belongs to the connection: do not dispose it.</summary>
    public X509Certificate2 Leaf { get; }

    /// <summary>Gets the bundle of the peer's trust domain that verified it.</summary>
    public X509Bundle Bundle { get; }

    /// <summary>Gets the authority in <see cref="Bundle"/> that the peer's chain leads to. It belongs to the bundle: do not dispose it.</summary>
    public X509Certificate2 Authority { get; }

    /// <summary>Gets when the peer's SVID became valid.</summary>
    public DateTimeOffset NotBefore { get; }

    /// <summary>Gets when the peer's SVID expires.</summary>
    public DateTimeOffset NotAfter { get; }

    /// <summary>Gives the peer's SPIFFE ID.</summary>
    public override string ToString() => Id.ToString();
}
