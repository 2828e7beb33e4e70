using System.Security.Cryptography.X509Certificates;
using AspNetSpiffe.TestKit;
using AspNetSpiffe.Workload.Tests.Verification;

namespace AspNetSpiffe.Workload.Tests.Bundles;

public sealed class X509BundleTests : VerifierTest
{
    [Fact]
    public void Of_the_bundles_of_a_message_only_our_own_is_decoded()
    {
        var other = new TestPki("other");
        var bundles = Read(other);
        Assert.True(bundles.Find(Pki.TrustDomain)!.IsDecoded);
        Assert.False(bundles.Find(other.TrustDomain)!.IsDecoded);
        Assert.All(new X509ContextReader(TimeProvider.System, SpiffeLimits.Default).ReadBundles(Pki.BundlesResponse(other)), bundle => Assert.False(bundle.IsDecoded));
    }

    [Fact]
    public void A_federated_bundle_is_decoded_for_the_first_peer_of_its_trust_domain_and_for_no_other()
    {
        var (other, third) = (new TestPki("other"), new TestPki("third"));
        var bundles = Read(other, third);
        var (bundle, untouched) = (bundles.Find(other.TrustDomain)!, bundles.Find(third.TrustDomain)!);

        AssertAccepted(Verify(Pki.Leaf(), bundles: bundles));
        Assert.False(bundle.IsDecoded);

        var (first, second) = (Verify(other.Leaf("/a"), bundles: bundles), Verify(other.Leaf("/b"), bundles: bundles));
        Assert.Same(bundle.Authorities.Single(), first.Peer!.Authority);
        Assert.Same(bundle.Authorities.Single(), second.Peer!.Authority);
        Assert.False(untouched.IsDecoded);
    }

    [Fact]
    public void Whoever_decodes_a_bundle_at_the_same_time_gets_the_same_certificates()
    {
        const int Racers = 8;
        var der = TestPki.Der([Pki.Root.Certificate, Pki.CreateRoot().Certificate]);
        for (var round = 0; round < 25; round++)
        {
            var bundle = X509Bundle.ReadFederated(Pki.TrustDomain, der, out _);
            var policies = new X509ChainPolicy[Racers];
            using var start = new Barrier(Racers);
            var racers = Enumerable.Range(0, Racers).Select(i => new Thread(() =>
            {
                start.SignalAndWait();
                policies[i] = bundle.CreateChainPolicy(Now);
            })).ToArray();
            foreach (var racer in racers) racer.Start();
            foreach (var racer in racers) racer.Join();

            Assert.All(policies, policy => Assert.True(bundle.IsIn(policy)));
            Assert.Equal(der, TestPki.Der(bundle.Authorities));
            Assert.All(bundle.Authorities, authority => Assert.NotEqual(0, authority.Handle));
        }
    }

    [Fact]
    public void Bundles_are_compared_without_decoding_them()
    {
        var roots = new[] { Pki.Root.Certificate, Pki.CreateRoot().Certificate };
        var (bundle, same) = (Federated(roots), Federated(roots));

        Assert.Equal(bundle, same);
        Assert.Equal(bundle.GetHashCode(), same.GetHashCode());
        Assert.NotEqual(bundle, Federated(roots[0]));
        Assert.NotEqual(bundle, Federated(roots[1], roots[0]));
        Assert.NotEqual(bundle, X509Bundle.ReadFederated(TrustDomain.Parse("other"), TestPki.Der(roots), out _));
        Assert.False(bundle.IsDecoded || same.IsDecoded);

        var given = new X509Bundle(Pki.TrustDomain, roots);
        Assert.Equal(given, bundle);
        Assert.Equal(given.GetHashCode(), bundle.GetHashCode());
        Assert.Equal("td (2 authorities)", bundle.ToString());
        Assert.False(bundle.IsDecoded);
    }

    [Fact]
    public void Whether_an_authority_is_still_in_a_bundle_is_seen_without_decoding_it()
    {
        var (first, last, gone) = (Pki.Root.Certificate, Pki.CreateRoot().Certificate, Pki.CreateRoot().Certificate);
        var bundle = Federated(first, last);
        Assert.True(bundle.Contains(first));
        Assert.True(bundle.Contains(last));
        Assert.False(bundle.Contains(gone));
        Assert.False(Federated().Contains(first));
        Assert.False(bundle.IsDecoded);
    }

    [Fact, Trait("Spec", "XL-01")]
    public void A_federated_bundle_is_refused_when_it_is_read_and_not_when_it_is_used()
    {
        var good = Pki.BundleDer;
        byte[][] refused = [[1], [.. good, 0], [.. good, .. good[..^1]], [0x30, 0], [.. "-----BEGIN CERTIFICATE-----"u8], [.. good, 0x30, 1, 0]];
        Assert.All(refused, der =>
        {
            var expected = Assert.Throws<FormatException>(() => DerSequence.ReadCertificates(der)).Message;
            Assert.Equal(expected, Assert.Throws<FormatException>(() => X509Bundle.Read(Pki.TrustDomain, der, out _)).Message);
            Assert.Equal(expected, Assert.Throws<FormatException>(() => X509Bundle.ReadFederated(Pki.TrustDomain, der, out _)).Message);
        });
    }

    [Fact, Trait("Spec", "XV-l")]
    public void What_is_no_CA_is_not_among_the_authorities_that_are_decoded_later()
    {
        var leaf = Pki.SelfSignedLeaf();
        var bundle = X509Bundle.ReadFederated(Pki.TrustDomain, TestPki.Der([leaf, Pki.Root.Certificate, leaf]), out var leftOut);
        Assert.Equal(2, leftOut);
        Assert.Equal(Pki.Bundle, bundle);
        Assert.Equal(Pki.Root.Certificate.RawData, Assert.Single(bundle.Authorities).RawData);
        Assert.False(bundle.Contains(leaf));
    }

    [Fact]
    public void What_was_checked_is_what_is_decoded_whatever_becomes_of_the_message()
    {
        var der = TestPki.Der([Pki.Root.Certificate]);
        var bundle = X509Bundle.ReadFederated(Pki.TrustDomain, der, out _);
        Array.Clear(der);
        Assert.Equal(Pki.Bundle, bundle);
        Assert.Equal(Pki.Root.Certificate, Assert.Single(bundle.Authorities));
    }

    [Fact, Trait("Spec", "XV-k")]
    public void A_federated_authority_that_is_not_self_signed_verifies_its_leafs()
    {
        var other = new TestPki("other", intermediates: 1);
        var bundle = X509Bundle.ReadFederated(other.TrustDomain, other.Issuer.Certificate.RawData, out _);
        AssertAccepted(X509SvidVerifier.Verify(other.Leaf().Leaf, None, new([bundle]), PeerRole.Client, Now));
    }

    private X509BundleSet Read(params TestPki[] federated) =>
        new X509ContextReader(TimeProvider.System, SpiffeLimits.Default).Read(Pki.Response([Pki.Leaf()], federated)).Bundles;

    private X509Bundle Federated(params X509Certificate2[] authorities) => X509Bundle.ReadFederated(Pki.TrustDomain, TestPki.Der(authorities), out _);
}
