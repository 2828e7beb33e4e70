using AspNetSpiffe.TestKit;
using AspNetSpiffe.Tests.Handshakes;

namespace AspNetSpiffe.Tests.Kestrel;

/// <summary>Which authorities verify whom, over real handshakes, with the peer as a client of ours and as a server.</summary>
public sealed class AnchorTests(ITestOutputHelper output) : IssuedTest(output)
{
    public static TheoryData<string, PeerRole> NotSelfSigned => InBothRoles(AnchorCases.NotSelfSigned.Keys);

    public static TheoryData<string, PeerRole> Rollover => InBothRoles(AnchorCases.Rollover.Keys);

    public static TheoryData<string, PeerRole> EmptyBundle => InBothRoles(AnchorCases.EmptyBundle.Keys);

    public static TheoryData<string, PeerRole> CaAsLeaf => InBothRoles(AnchorCases.CaAsLeaf.Keys);

    public static TheoryData<string, PeerRole> ForeignCa => InBothRoles(AnchorCases.ForeignCa.Keys);

    [Theory, Trait("Spec", "XV-k"), MemberData(nameof(NotSelfSigned))]
    public Task An_authority_that_is_not_self_signed_verifies_what_is_below_it_and_nothing_else(string peer, PeerRole role) =>
        AssertAsync(AnchorCases.NotSelfSigned[peer], role);

    [Theory, Trait("Spec", "XV-i"), MemberData(nameof(Rollover))]
    public Task Two_roots_of_one_name_verify_their_own_leafs_in_either_order(string peer, PeerRole role) => AssertAsync(AnchorCases.Rollover[peer], role);

    [Theory, Trait("Spec", "XV-j"), MemberData(nameof(EmptyBundle))]
    public Task A_federated_trust_domain_without_authorities_has_no_peers(string peer, PeerRole role) => AssertAsync(AnchorCases.EmptyBundle[peer], role);

    [Theory, Trait("Spec", "XV-l"), Trait("Spec", "XV-m"), MemberData(nameof(CaAsLeaf))]
    public Task A_CA_is_no_peer(string peer, PeerRole role) => AssertAsync(AnchorCases.CaAsLeaf[peer], role);

    [Theory, Trait("Spec", "XV-h"), MemberData(nameof(ForeignCa))]
    public Task A_CA_vouches_for_its_own_trust_domain_only(string peer, PeerRole role) => AssertAsync(AnchorCases.ForeignCa[peer], role);

    [Theory, Trait("Spec", "XV-l")]
    [InlineData(PeerRole.Client)]
    [InlineData(PeerRole.Server)]
    public async Task A_leaf_among_the_authorities_does_not_verify_itself(PeerRole role)
    {
        ExpectWarning("UpdateRemark");
        var pki = new TestPki("example.org");
        var leaf = pki.SelfSignedLeaf();
        var ours = new TestIdentity(pki.Leaf("/us"), pki.Root.Certificate, leaf);
        await AssertAsync(new PeerCase(ours, new(leaf), "spiffe://example.org/workload", RejectionReason.NotTrusted), role);
    }

    private static TheoryData<string, PeerRole> InBothRoles(IEnumerable<string> peers)
    {
        var data = new TheoryData<string, PeerRole>();
        foreach (var peer in peers)
        {
            data.Add(peer, PeerRole.Client);
            data.Add(peer, PeerRole.Server);
        }

        return data;
    }
}
