using System.Security.Cryptography.X509Certificates;
using AspNetSpiffe.TestKit;

namespace AspNetSpiffe.InteropTests;

/// <summary>XV-1 to XV-15 of the suite's catalogue: whom the library believes, as a server and as a client.</summary>
public sealed class PeerTests(ServedHarness served) : IClassFixture<ServedHarness>
{
    private static readonly DateTimeOffset Now = TimeProvider.System.GetUtcNow();

    public static TheoryData<PeerRole> Roles => [PeerRole.Client, PeerRole.Server];

    [Theory, MemberData(nameof(Roles))]
    public Task XV1_A_valid_peer_is_accepted(PeerRole role) => AcceptedAsync(role, served.Pki.Leaf("/peer"));

    [Theory, MemberData(nameof(Roles)), Trait("Spec", "XV-i")]
    public Task XV2_A_peer_below_an_intermediate_is_accepted(PeerRole role) => AcceptedAsync(role, served.Pki.Root.Intermediate().Leaf("/peer"));

    [Theory, MemberData(nameof(Roles)), Trait("Spec", "XC-02")]
    public Task XV3_A_peer_with_DNS_names_too_is_accepted(PeerRole role) => AcceptedAsync(role, served.Pki.Leaf(l => l with { DnsNames = ["peer.example.org"] }));

    [Theory, MemberData(nameof(Roles)), Trait("Spec", "XC-04")]
    public Task XV4_A_peer_with_an_empty_subject_and_a_critical_URI_is_accepted(PeerRole role) =>
        AcceptedAsync(role, served.Pki.Leaf(l => l with { Subject = "", SanCritical = true }));

    [Theory, MemberData(nameof(Roles)), Trait("Spec", "XV-i")]
    public Task XV5_A_peer_of_another_CA_is_refused(PeerRole role) => RefusedAsync(role, RejectionReason.NotTrusted, served.Pki.CreateRoot().Leaf("/peer"));

    [Theory, MemberData(nameof(Roles)), Trait("Spec", "XV-i")]
    public Task XV6_An_expired_peer_is_refused(PeerRole role) =>
        RefusedAsync(role, RejectionReason.Expired, served.Pki.Leaf(l => l with { NotBefore = Now.AddHours(-2), NotAfter = Now.AddHours(-1) }));

    [Theory, MemberData(nameof(Roles)), Trait("Spec", "XV-i")]
    public Task XV7_A_peer_that_is_not_valid_yet_is_refused(PeerRole role) =>
        RefusedAsync(role, RejectionReason.NotYetValid, served.Pki.Leaf(l => l with { NotBefore = Now.AddHours(1), NotAfter = Now.AddHours(2) }));

    [Theory, MemberData(nameof(Roles)), Trait("Spec", "XV-e"), Trait("Spec", "XV-m")]
    public Task XV8_A_leaf_that_is_a_CA_is_refused(PeerRole role) => RefusedAsync(role, RejectionReason.CaCertificate, served.Pki.Leaf(l => l with { Ca = true }));

    [Theory, MemberData(nameof(Roles)), Trait("Spec", "XV-f"), Trait("Spec", "XV-m")]
    public Task XV9_A_leaf_that_may_sign_certificates_is_refused(PeerRole role) => RefusedForSigningAsync(role, X509KeyUsageFlags.KeyCertSign);

    [Theory, MemberData(nameof(Roles)), Trait("Spec", "XV-f")]
    public Task XV10_A_leaf_that_may_sign_revocation_lists_is_refused(PeerRole role) => RefusedForSigningAsync(role, X509KeyUsageFlags.CrlSign);

    [Theory, MemberData(nameof(Roles)), Trait("Spec", "XV-b")]
    public Task XV11_A_leaf_with_two_URIs_is_refused(PeerRole role) => RefusedForUrisAsync(role, RejectionReason.NotOneUriSan, "spiffe://example.org/peer", "spiffe://example.org/second");

    [Theory, MemberData(nameof(Roles)), Trait("Spec", "XV-b")]
    public Task XV12_A_leaf_without_a_URI_is_refused(PeerRole role) => RefusedForUrisAsync(role, RejectionReason.NotOneUriSan);

    [Fact, Trait("Spec", "XV-a")]
    public async Task XV12_A_client_without_a_certificate_is_refused()
    {
        await served.AssertAcceptedAsync(PeerRole.Client, served.Pki.Leaf("/control"));
        await served.AssertRefusalAsync(RejectionReason.NoCertificate, await served.Harness.CallAsync(null, ServedHarness.Patience));
    }

    [Theory, MemberData(nameof(Roles)), Trait("Spec", "XV-c"), Trait("Spec", "ID-01")]
    public Task XV13_A_leaf_whose_URI_is_no_SPIFFE_ID_is_refused(PeerRole role) => RefusedForUrisAsync(role, RejectionReason.InvalidSpiffeId, "https://example.org/peer");

    [Theory, MemberData(nameof(Roles)), Trait("Spec", "XV-d")]
    public Task XV14_A_SPIFFE_ID_without_a_path_is_refused(PeerRole role) => RefusedForUrisAsync(role, RejectionReason.RootPath, "spiffe://example.org");

    [Theory, MemberData(nameof(Roles)), Trait("Spec", "XV-h"), Trait("Spec", "WA-13")]
    public Task XV15_A_trust_domain_without_a_bundle_is_refused_although_a_CA_that_we_trust_has_signed(PeerRole role) =>
        RefusedForUrisAsync(role, RejectionReason.UnknownTrustDomain, "spiffe://other.example.org/peer");

    private Task AcceptedAsync(PeerRole role, TestSvid peer) => served.AssertAcceptedAsync(role, peer);

    private Task RefusedAsync(PeerRole role, RejectionReason reason, TestSvid peer) => served.AssertRefusedAsync(role, reason, peer);

    private Task RefusedForSigningAsync(PeerRole role, X509KeyUsageFlags usage) =>
        RefusedAsync(role, RejectionReason.SigningKeyUsage, served.Pki.Leaf(l => l with { KeyUsage = X509KeyUsageFlags.DigitalSignature | usage }));

    private Task RefusedForUrisAsync(PeerRole role, RejectionReason reason, params string[] uris) =>
        RefusedAsync(role, reason, served.Pki.Leaf(l => l with { Uris = [.. uris], Subject = "CN=peer" }));
}
