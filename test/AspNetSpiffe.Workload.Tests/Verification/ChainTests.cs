using System.Security.Cryptography.X509Certificates;
using AspNetSpiffe.TestKit;

namespace AspNetSpiffe.Workload.Tests.Verification;

public sealed class ChainTests : VerifierTest
{
    [Theory, Trait("Spec", "XV-i")]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public void A_leaf_is_accepted_through_any_number_of_intermediates(int intermediates)
    {
        var pki = new TestPki("td", intermediates);
        AssertAccepted(Verify(pki.Leaf(), bundles: new([pki.Bundle])));
    }

    [Fact, Trait("Spec", "XV-i")]
    public void A_missing_intermediate_is_not_trusted() =>
        AssertRefused(RejectionReason.NotTrusted, InspectionOracle.Verify(Pki.Leaf().Leaf, None, Bundles, PeerRole.Client, Now));

    [Fact, Trait("Spec", "XV-i")]
    public void An_expired_leaf_is_refused() =>
        AssertRefused(RejectionReason.Expired, Verify(l => l with { NotBefore = Now.AddHours(-2), NotAfter = Now.AddSeconds(-5) }));

    [Fact, Trait("Spec", "XV-i")]
    public void A_leaf_that_is_not_valid_yet_is_refused() =>
        AssertRefused(RejectionReason.NotYetValid, Verify(l => l with { NotBefore = Now.AddMinutes(5), NotAfter = Now.AddHours(2) }));

    [Fact, Trait("Spec", "XV-i")]
    public void The_time_is_the_one_that_was_passed_in()
    {
        var svid = Pki.Leaf();
        AssertRefused(RejectionReason.Expired, Verify(svid, at: svid.Leaf.NotAfter.AddSeconds(1)));
        AssertAccepted(Verify(svid, at: svid.Leaf.NotAfter.AddSeconds(-1)));
    }

    [Fact, Trait("Spec", "XV-h")]
    public void A_CA_with_the_right_name_and_another_key_is_not_trusted()
    {
        var stranger = new TestPki("td", intermediates: 1);
        Assert.False(Verify(stranger.Leaf()).Accepted);
    }

    [Fact, Trait("Spec", "XV-h")]
    public void A_peer_of_an_unknown_trust_domain_is_refused_by_name()
    {
        var result = Verify(new TestPki("elsewhere").Leaf("/a"));
        AssertRefused(RejectionReason.UnknownTrustDomain, result);
        Assert.Equal("spiffe://elsewhere/a", result.Id?.ToString());
    }

    [Fact, Trait("Spec", "XV-h")]
    public void A_federated_CA_does_not_vouch_for_our_names()
    {
        var other = new TestPki("other");
        var forged = other.Leaf(l => l with { Uris = ["spiffe://td/admin"] });
        AssertRefused(RejectionReason.NotTrusted, Verify(forged, bundles: new([Pki.Bundle, other.Bundle])));
    }

    [Fact, Trait("Spec", "XV-h")]
    public void Our_CA_does_not_vouch_for_a_federated_name()
    {
        var other = new TestPki("other");
        var forged = Pki.Leaf(l => l with { Uris = ["spiffe://other/admin"] });
        AssertRefused(RejectionReason.NotTrusted, Verify(forged, bundles: new([Pki.Bundle, other.Bundle])));
    }

    [Fact, Trait("Spec", "XV-h")]
    public void A_federated_peer_is_verified_with_its_own_bundle()
    {
        var other = new TestPki("other", intermediates: 1);
        var result = Verify(other.Leaf("/a"), bundles: new([Pki.Bundle, other.Bundle]));
        AssertAccepted(result);
        Assert.Equal("other", result.Peer!.Bundle.TrustDomain.Name);
    }

    [Fact, Trait("Spec", "XV-j")]
    public void An_empty_bundle_trusts_nobody() =>
        AssertRefused(RejectionReason.EmptyBundle, Verify(Pki.Leaf(), bundles: new([new X509Bundle(Pki.TrustDomain, [])])));

    [Fact, Trait("Spec", "XV-i")]
    public void A_forged_signature_is_refused()
    {
        var key = TestKey.Create(KeyKind.P256);
        Assert.False(Verify(l => l with { SignedBy = key }).Accepted);
    }

    [Fact, Trait("Spec", "XV-k")]
    public void An_authority_that_is_not_self_signed_verifies_its_leafs()
    {
        var bundle = new X509Bundle(Pki.TrustDomain, [Pki.Issuer.Certificate]);
        var svid = Pki.Leaf();
        AssertAccepted(InspectionOracle.Verify(svid.Leaf, None, new([bundle]), PeerRole.Client, Now));
        AssertAccepted(InspectionOracle.Verify(svid.Leaf, [Pki.Issuer.Certificate, Pki.Root.Certificate], new([bundle]), PeerRole.Client, Now));
    }

    [Fact, Trait("Spec", "XV-k")]
    public void An_authority_that_is_not_self_signed_does_not_open_the_door_to_strangers()
    {
        var bundles = new X509BundleSet([new X509Bundle(Pki.TrustDomain, [Pki.Issuer.Certificate])]);

        var sameNames = new TestPki("td", intermediates: 1);
        Assert.False(Verify(sameNames.Leaf(), bundles: bundles).Accepted);

        var direct = Pki.Root.Leaf();
        Assert.False(Verify(direct, bundles: bundles).Accepted);

        var forged = Pki.Leaf(l => l with { SignedBy = TestKey.Create(KeyKind.P256) });
        Assert.False(Verify(forged, bundles: bundles).Accepted);

        AssertRefused(RejectionReason.NotTrusted, InspectionOracle.Verify(Pki.SelfSignedLeaf(), None, bundles, PeerRole.Client, Now));
    }

    [Fact, Trait("Spec", "XV-k")]
    public void An_expired_leaf_of_an_authority_that_is_not_self_signed_is_refused()
    {
        var bundles = new X509BundleSet([new X509Bundle(Pki.TrustDomain, [Pki.Issuer.Certificate])]);
        Assert.False(Verify(Pki.Leaf(l => l with { NotBefore = Now.AddHours(-2), NotAfter = Now.AddHours(-1) }), bundles: bundles).Accepted);
    }

    [Fact, Trait("Spec", "XV-l")]
    public void A_bundle_takes_no_certificate_that_is_no_CA()
    {
        var leaf = Pki.SelfSignedLeaf();
        Assert.Contains("is not a CA", Assert.Throws<ArgumentException>(() => new X509Bundle(Pki.TrustDomain, [leaf])).Message, StringComparison.Ordinal);

        var read = X509Bundle.Read(Pki.TrustDomain, TestPki.Der([Pki.Root.Certificate, leaf]), out var leftOut);
        Assert.Equal(1, leftOut);
        Assert.Equal(Pki.Bundle, read);
        AssertRefused(RejectionReason.NotTrusted, InspectionOracle.Verify(leaf, None, new([read]), PeerRole.Client, Now));
    }

    [Fact, Trait("Spec", "XV-m")]
    public void A_CA_of_the_bundle_is_no_peer() =>
        AssertRefused(RejectionReason.RootPath, InspectionOracle.Verify(Pki.Root.Certificate, None, Bundles, PeerRole.Client, Now));

    [Fact, Trait("Spec", "XV-m")]
    public void A_CA_that_has_a_path_is_no_peer()
    {
        var pki = new TestPki("td", root: r => r with { Uris = ["spiffe://td/workload"] });
        AssertRefused(RejectionReason.CaCertificate, InspectionOracle.Verify(pki.Root.Certificate, None, new([pki.Bundle]), PeerRole.Client, Now));
    }

    [Theory, Trait("Spec", "XV-i")]
    [InlineData(false, X509KeyUsageFlags.KeyCertSign)]
    [InlineData(true, X509KeyUsageFlags.DigitalSignature)]
    public void An_intermediate_that_may_not_sign_breaks_the_chain(bool ca, X509KeyUsageFlags usage)
    {
        var notCa = Pki.Root.Intermediate(i => i with { Ca = ca, KeyUsage = usage });
        AssertRefused(RejectionReason.InvalidChain, Verify(notCa.Leaf()));
    }

    [Fact, Trait("Spec", "XV-i")]
    public void A_chain_longer_than_its_CA_allows_is_refused()
    {
        // Of another name: a self-issued CA does not count (RFC 5280 §4.2.1.9).
        var last = Pki.Root.Intermediate(i => i with { PathLength = 0 }).Intermediate(i => i with { Subject = "CN=one too many" });
        AssertRefused(RejectionReason.InvalidChain, Verify(last.Leaf()));
    }

    [Fact, Trait("Spec", "XV-i")]
    public void An_unknown_critical_extension_is_refused() =>
        AssertRefused(RejectionReason.InvalidChain, Verify(l => l with { UnknownCriticalExtension = true }));

    [Fact, Trait("Spec", "XC-07")]
    public void A_name_constraint_is_kept()
    {
        var constrained = Pki.Root.Intermediate(i => i with { PermittedUriHost = "elsewhere" });
        AssertRefused(RejectionReason.InvalidChain, Verify(constrained.Leaf()));
        AssertAccepted(Verify(Pki.Root.Intermediate(i => i with { PermittedUriHost = "td" }).Leaf()));
    }

    [Theory, Trait("Spec", "XV-i")]
    [InlineData(false)]
    [InlineData(true)]
    public void Two_roots_of_the_same_name_both_verify_in_either_order(bool newFirst)
    {
        var next = Pki.CreateRoot();
        X509Certificate2[] roots = newFirst ? [next.Certificate, Pki.Root.Certificate] : [Pki.Root.Certificate, next.Certificate];
        var bundles = new X509BundleSet([new X509Bundle(Pki.TrustDomain, roots)]);

        AssertAccepted(Verify(Pki.Leaf(), bundles: bundles));
        AssertAccepted(Verify(next.Leaf(), bundles: bundles));
    }
}
