using AspNetSpiffe.TestKit;

namespace AspNetSpiffe.Tests.Vectors;

/// <summary>A peer, right or wrong in one thing, and what must come of it.</summary>
/// <param name="Name">The thing tested.</param>
/// <param name="Peer">Makes the peer.</param>
/// <param name="AsClient">Why it is refused as a client; none: it is accepted.</param>
/// <param name="AsServer">Why it is refused as a server; none: it is accepted.</param>
/// <param name="Control">Makes the peer that differs in the one thing, and is accepted; null where acceptance is what is tested.</param>
internal sealed record Vector(string Name, Func<VectorPeer> Peer, RejectionReason AsClient, RejectionReason AsServer, Func<VectorPeer>? Control)
{
    /// <summary>A peer that is accepted.</summary>
    public static Vector Accepted(string name, Func<VectorPeer> peer) => new(name, peer, RejectionReason.None, RejectionReason.None, null);

    /// <summary>A leaf of our own trust domain that is accepted.</summary>
    public static Vector Accepted(string name, Func<CertificateSpec, CertificateSpec> right) => Accepted(name, () => World.Home.Leaf(right));

    /// <summary>A peer that is refused.</summary>
    public static Vector Refused(string name, RejectionReason reason, Func<VectorPeer> peer, Func<VectorPeer> control) => new(name, peer, reason, reason, control);

    /// <summary>A leaf of our own trust domain that is refused; the control is a valid one, changed in what is not the point.</summary>
    public static Vector Refused(
        string name, RejectionReason reason, Func<CertificateSpec, CertificateSpec> wrong, Func<CertificateSpec, CertificateSpec>? right = null) =>
        Refused(name, reason, () => World.Home.Leaf(wrong), () => World.Home.Leaf(right));
}
