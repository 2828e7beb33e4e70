using AspNetSpiffe.TestKit;

namespace AspNetSpiffe.Tests;

/// <summary>Peers as a verified handshake would leave them.</summary>
internal static class Peers
{
    private static readonly TestPki Example = new("example.org");
    private static readonly TestPki Other = new("other.org");

    public static SpiffePeer Web { get; } = Create("/ns/shop/sa/web");

    public static SpiffePeer Ops { get; } = Create("/ops/alice");

    public static SpiffePeer Stranger { get; } = Create("/ns/shop/sa/web", Other);

    public static SpiffePeer CreateExpired(string path)
    {
        var now = TimeProvider.System.GetUtcNow();
        var leaf = Example.Leaf(l => l with { Uris = [$"{Example.TrustDomain.Id}{path}"], NotBefore = now.AddMinutes(-30), NotAfter = now.AddMinutes(-20) }).Leaf;
        return X509SvidVerifier.Verify(leaf, [], new([Example.Bundle]), PeerRole.Client, now.AddMinutes(-25)).Peer!;
    }

    public static SpiffePeer Create(string path, TestPki? pki = null)
    {
        pki ??= Example;
        return X509SvidVerifier.Verify(pki.Leaf(path).Leaf, [], new([pki.Bundle]), PeerRole.Client, TimeProvider.System.GetUtcNow()).Peer!;
    }
}
