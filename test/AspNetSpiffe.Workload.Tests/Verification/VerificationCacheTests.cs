using System.Security.Cryptography.X509Certificates;
using AspNetSpiffe.TestKit;

namespace AspNetSpiffe.Workload.Tests.Verification;

/// <summary>What the cache of verified peers forgets, and when.</summary>
public sealed class VerificationCacheTests : VerifierTest
{
    [Fact]
    public void A_full_cache_drops_what_was_not_used_recently()
    {
        var cache = new BoundedCache<int, string>(capacity: 4);
        cache.Set(0, "used");
        for (var i = 1; i < 20; i++)
        {
            cache.Set(i, "not used again");
            Assert.True(cache.TryGet(0, out var value));
            Assert.Equal("used", value);
            Assert.InRange(cache.Count, 1, 4);
        }

        Assert.False(cache.TryGet(1, out _));
    }

    [Fact]
    public void A_value_that_is_set_again_replaces_the_one_before_in_either_generation()
    {
        var cache = new BoundedCache<int, string>(capacity: 4);
        foreach (var key in new[] { 0, 1, 2 }) cache.Set(key, "before");
        foreach (var key in new[] { 0, 2 }) cache.Set(key, "after");
        foreach (var key in new[] { 0, 2 })
        {
            Assert.True(cache.TryGet(key, out var value));
            Assert.Equal("after", value);
        }
    }

    [Fact]
    public void A_value_that_is_set_again_drops_no_other()
    {
        var cache = new BoundedCache<int, string>(capacity: 4);
        foreach (var key in new[] { 0, 1, 1, 2, 2 }) cache.Set(key, "value");
        Assert.True(cache.TryGet(0, out _));
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
