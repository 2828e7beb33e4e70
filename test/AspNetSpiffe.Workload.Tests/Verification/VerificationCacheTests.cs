using System.Security.Cryptography.X509Certificates;
using AspNetSpiffe.TestKit;

namespace AspNetSpiffe.Workload.Tests.Verification;

/// <summary>What the cache of verified peers forgets, and when.</summary>
public sealed class VerificationCacheTests : VerifierTest
{
    [Theory, Trait("Trial", "M-01")]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(6)]
    public void Bundles_that_change_take_both_generations_with_them(int peers)
    {
        var cache = new VerifiedBefore<object, int, string>(capacity: 4);
        var (before, after) = (new object(), new object());
        for (var i = 0; i < peers; i++) cache.Remember(before, i, "verified");
        Assert.NotNull(cache.Find(before, peers - 1));

        cache.Remember(after, -1, "verified");
        for (var i = 0; i < peers; i++)
        {
            Assert.Null(cache.Find(after, i));
            Assert.Null(cache.Find(before, i));
        }

        // Back again, they are asked anew.
        cache.Remember(before, -2, "verified");
        Assert.Equal(1, cache.Count);
        for (var i = 0; i < peers; i++) Assert.Null(cache.Find(before, i));
    }

    [Fact, Trait("Trial", "M-08"), Trait("Spec", "XV-i")]
    public void The_same_leaf_with_an_intermediate_exchanged_is_another_peer()
    {
        var cache = new VerifiedPeers(new());
        var bundles = Bundles;
        var svid = Pki.Leaf();
        Assert.True(Ask(svid.Intermediates[0]).Accepted);

        // The same key and name, but of an issuer whom nobody trusts.
        var twin = new TestPki("td").Root.Intermediate(i => i with { Subject = svid.Issuer.Certificate.Subject, WithKey = svid.Issuer.Key });
        Assert.False(Ask(twin.Certificate).Accepted);
        Assert.True(Ask(svid.Intermediates[0]).Accepted);
        Assert.Equal(1, cache.Count);

        VerificationResult Ask(X509Certificate2 intermediate)
        {
            using var chain = new X509Chain { ChainPolicy = cache.ExpectPeer(Pki.Bundle, Now).Clone() };
            chain.ChainPolicy.ExtraStore.Add(intermediate);
            chain.Build(svid.Leaf);
            return cache.Verify(svid.Leaf, chain, bundles, PeerRole.Client, Now);
        }
    }
}
