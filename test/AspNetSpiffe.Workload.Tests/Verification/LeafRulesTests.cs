using System.Net;
using System.Security.Cryptography.X509Certificates;
using AspNetSpiffe.TestKit;

namespace AspNetSpiffe.Workload.Tests.Verification;

public sealed class LeafRulesTests : VerifierTest
{
    [Theory]
    [InlineData(PeerRole.Client)]
    [InlineData(PeerRole.Server)]
    public void A_valid_leaf_is_accepted_in_either_role(PeerRole role)
    {
        var svid = Pki.Leaf("/ns/shop/sa/cart");
        var result = Verify(svid, role);

        AssertAccepted(result);
        Assert.Equal("spiffe://td/ns/shop/sa/cart", result.Peer!.Id.ToString());
        Assert.Same(svid.Leaf, result.Peer.Leaf);
        Assert.Equal(svid.Leaf.NotAfter.ToUniversalTime(), result.Peer.NotAfter.UtcDateTime);
        Assert.Equal(Pki.TrustDomain, result.Peer.Bundle.TrustDomain);
    }

    [Fact, Trait("Spec", "XV-a")]
    public void No_certificate_is_no_peer() => AssertRefused(RejectionReason.NoCertificate, X509SvidVerifier.Verify(null, None, Bundles, PeerRole.Client, Now));

    [Theory, Trait("Spec", "XV-b")]
    [InlineData("spiffe://td/a", "spiffe://td/b")]
    [InlineData("spiffe://td/a", "https://td/a")]
    [InlineData("https://td/a", "spiffe://td/a")]
    [InlineData("spiffe://td/a", "spiffe://td/a")]
    public void A_leaf_with_two_URI_names_is_refused(string first, string second) =>
        AssertRefused(RejectionReason.NotOneUriSan, Verify(l => l with { Uris = [first, second] }));

    [Fact, Trait("Spec", "XV-b")]
    public void A_leaf_without_names_is_refused() => AssertRefused(RejectionReason.NotOneUriSan, Verify(l => l with { Uris = [], Subject = "CN=nobody" }));

    [Fact, Trait("Spec", "XV-b")]
    public void A_leaf_with_a_DNS_name_only_is_refused() =>
        AssertRefused(RejectionReason.NotOneUriSan, Verify(l => l with { Uris = [], DnsNames = ["td"] }));

    [Fact, Trait("Spec", "XV-b")]
    public void A_second_extension_of_names_does_not_hide_a_name() =>
        AssertRefused(RejectionReason.NotOneUriSan, Verify(l => l with { UrisOfSecondSan = ["spiffe://td/admin"] }));

    [Fact, Trait("Spec", "XC-02")]
    public void DNS_and_IP_names_beside_the_ID_are_fine() =>
        AssertAccepted(Verify(l => l with { DnsNames = ["cart.shop.svc"], IpAddresses = [IPAddress.Loopback] }));

    [Theory, Trait("Spec", "XV-c")]
    [InlineData("https://td/workload")]
    [InlineData("spiffe://td/a/../b")]
    [InlineData("spiffe://td//a")]
    [InlineData("spiffe://td/%41")]
    [InlineData("spiffe://td/a/")]
    [InlineData("spiffe://TD/a")]
    [InlineData("Spiffe://td/a")]
    [InlineData("spiffe://td:443/a")]
    [InlineData("spiffe://td/a?b")]
    [InlineData("spiffe://td/a\0")]
    [InlineData("")]
    public void A_name_that_is_no_SPIFFE_ID_is_refused(string uri) => AssertRefused(RejectionReason.InvalidSpiffeId, Verify(l => l with { Uris = [uri] }));

    [Fact, Trait("Spec", "XV-c")]
    public void A_name_that_is_not_ASCII_is_refused() => AssertRefused(RejectionReason.NotOneUriSan, Verify(l => l with { Uris = ["spiffe://td/é"] }));

    [Fact, Trait("Spec", "XV-d")]
    public void A_leaf_that_names_a_trust_domain_is_refused() => AssertRefused(RejectionReason.RootPath, Verify(l => l with { Uris = ["spiffe://td"] }));

    [Fact, Trait("Spec", "XV-e")]
    public void A_leaf_that_is_a_CA_is_refused() => AssertRefused(RejectionReason.CaCertificate, Verify(l => l with { Ca = true }));

    [Fact, Trait("Spec", "XC-06")]
    public void A_leaf_without_basic_constraints_is_no_CA_and_accepted() => AssertAccepted(Verify(l => l with { Ca = null }));

    [Fact, Trait("Spec", "XV-e")]
    public void A_second_extension_of_basic_constraints_does_not_hide_a_CA() => AssertRefused(
        RejectionReason.CaCertificate, Verify(l => l with { Ca = false, SecondExtensions = [new X509BasicConstraintsExtension(true, false, 0, true)] }));

    [Theory, Trait("Spec", "XV-f")]
    [InlineData(X509KeyUsageFlags.KeyCertSign)]
    [InlineData(X509KeyUsageFlags.CrlSign)]
    public void A_leaf_that_may_sign_is_refused(X509KeyUsageFlags usage) =>
        AssertRefused(RejectionReason.SigningKeyUsage, Verify(l => l with { KeyUsage = X509KeyUsageFlags.DigitalSignature | usage }));

    [Theory, Trait("Spec", "XV-g")]
    [InlineData(null)]
    [InlineData(X509KeyUsageFlags.KeyEncipherment)]
    [InlineData(X509KeyUsageFlags.KeyAgreement)]
    public void A_leaf_that_may_not_sign_a_handshake_is_refused(X509KeyUsageFlags? usage) =>
        AssertRefused(RejectionReason.NoDigitalSignature, Verify(l => l with { KeyUsage = usage }));

    [Fact, Trait("Spec", "XC-09")]
    public void Key_encipherment_and_agreement_may_stand_beside_digital_signature() => AssertAccepted(Verify(l => l with
    {
        KeyUsage = X509KeyUsageFlags.DigitalSignature | X509KeyUsageFlags.KeyEncipherment | X509KeyUsageFlags.KeyAgreement,
    }));

    [Theory, Trait("Spec", "XC-04")]
    [InlineData(true)]
    [InlineData(false)]
    public void An_empty_subject_is_fine(bool critical) => AssertAccepted(Verify(l => l with { Subject = "", SanCritical = critical }));

    [Theory]
    [InlineData(KeyKind.P256)]
    [InlineData(KeyKind.P384)]
    [InlineData(KeyKind.P521)]
    [InlineData(KeyKind.Rsa2048)]
    public void Leafs_of_every_usual_key_are_accepted(KeyKind key) => AssertAccepted(Verify(l => l with { Key = key }));

    [Theory, Trait("Spec", "XC-11")]
    [InlineData(PeerRole.Client, new string[0], RejectionReason.None)]
    [InlineData(PeerRole.Client, new[] { CertificateSpec.ClientAuth }, RejectionReason.None)]
    [InlineData(PeerRole.Client, new[] { CertificateSpec.ServerAuth }, RejectionReason.NotForThisUse)]
    [InlineData(PeerRole.Server, new string[0], RejectionReason.None)]
    [InlineData(PeerRole.Server, new[] { CertificateSpec.ServerAuth }, RejectionReason.None)]
    [InlineData(PeerRole.Server, new[] { CertificateSpec.ClientAuth }, RejectionReason.NotForThisUse)]
    public void An_extended_key_usage_must_have_the_role_in_use(PeerRole role, string[] usages, RejectionReason expected) =>
        Assert.Equal(expected, Verify(l => l with { ExtendedKeyUsages = [.. usages] }, role).Reason);

    [Fact, Trait("Spec", "ID-15")]
    public void An_ID_of_the_greatest_length_is_accepted() =>
        AssertAccepted(Verify(l => l with { Uris = ["spiffe://td/" + new string('a', SpiffeId.MaxLength - "spiffe://td/".Length)] }));

    [Fact, Trait("Spec", "ID-17")]
    public void An_ID_of_one_character_more_is_refused() => AssertRefused(
        RejectionReason.InvalidSpiffeId, Verify(l => l with { Uris = ["spiffe://td/" + new string('a', SpiffeId.MaxLength - "spiffe://td/".Length + 1)] }));
}
