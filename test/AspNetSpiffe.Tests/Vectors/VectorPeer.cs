using AspNetSpiffe.TestKit;
using AspNetSpiffe.Tests.Handshakes;

namespace AspNetSpiffe.Tests.Vectors;

/// <summary>Who a peer says it is, and the certificates with which it says so.</summary>
internal sealed record VectorPeer(string Id, Presented Certificates)
{
    /// <summary>Gives the same peer, which does not send its topmost intermediate.</summary>
    public VectorPeer WithoutLast => this with { Certificates = Certificates with { Intermediates = Certificates.Intermediates[..^1] } };

    public static implicit operator VectorPeer(TestSvid svid) => new(svid.Id, new(svid));
}
