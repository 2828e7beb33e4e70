namespace AspNetSpiffe.InteropTests;

/// <summary>XF-1 to XF-3 of the suite's catalogue: each trust domain is believed by its own bundle, as long as there is one.</summary>
public sealed class FederationTests(ServedHarness served) : IClassFixture<ServedHarness>
{
    public static TheoryData<PeerRole> Roles => PeerTests.Roles;

    [Theory, MemberData(nameof(Roles)), Trait("Spec", "WA-13")]
    public async Task XF1_A_peer_of_a_federated_trust_domain_is_accepted(PeerRole role)
    {
        await FederateAsync();
        await served.AssertAcceptedAsync(role, served.Federated.Leaf("/peer"));
    }

    [Theory, MemberData(nameof(Roles)), Trait("Spec", "XV-h"), Trait("Spec", "TB-16")]
    public async Task XF2_A_bundle_speaks_for_no_other_trust_domain(PeerRole role)
    {
        await FederateAsync();
        await served.AssertAcceptedAsync(role, served.Federated.Leaf("/peer"));
        await served.AssertRefusedAsync(role, RejectionReason.NotTrusted, served.Pki.Leaf(l => l with { Uris = ["spiffe://fed.example.org/peer"] }));
        await served.AssertRefusedAsync(role, RejectionReason.NotTrusted, served.Federated.Leaf(l => l with { Uris = ["spiffe://example.org/peer"] }));
    }

    [Theory, MemberData(nameof(Roles)), Trait("Spec", "WA-04"), Trait("Spec", "WA-05"), Trait("Spec", "WA-06"), Trait("Spec", "XV-p")]
    public async Task XF3_A_trust_domain_that_the_next_message_omits_is_believed_no_more(PeerRole role)
    {
        var peer = served.Federated.Leaf("/peer");
        await FederateAsync();
        await served.AssertAcceptedAsync(role, peer);

        await served.ServeAsync(svid => served.Pki.Response(svid));
        await served.AssertRefusedAsync(role, RejectionReason.UnknownTrustDomain, peer);
    }

    private Task FederateAsync() => served.ServeAsync(svid => served.Pki.Response(svid, served.Federated));
}
