using AspNetSpiffe.TestKit;

namespace AspNetSpiffe.Benchmarks;

/// <summary>A connection whose peer was verified.</summary>
internal sealed record VerifiedConnection(SpiffePeer? Peer) : ISpiffePeerFeature
{
    public static VerifiedConnection Create()
    {
        var pki = new TestPki();
        var result = X509SvidVerifier.Verify(pki.Leaf("/ns/shop/sa/cart").Leaf, [], new([pki.Bundle]), PeerRole.Client, TimeProvider.System.GetUtcNow());
        return result.Accepted ? new(result.Peer) : throw new InvalidOperationException("A good peer is refused.");
    }
}
