using AspNetSpiffe.TestKit;
using Xunit.Abstractions;

namespace AspNetSpiffe.Tests.Kestrel;

/// <summary>Which authorities verify whom, over real handshakes, with the peer as a client of ours and as a server.</summary>
public sealed class AnchorTests(ITestOutputHelper output) : IssuedTest(output)
{
    public static TheoryData<string, PeerRole> NotSelfSigned => InBothRoles(AnchorCase.NotSelfSigned.Keys);

    public static TheoryData<string, PeerRole> Rollover => InBothRoles(AnchorCase.Rollover.Keys);

    public static TheoryData<string, PeerRole> EmptyBundle => InBothRoles(AnchorCase.EmptyBundle.Keys);

    public static TheoryData<string, PeerRole> CaAsLeaf => InBothRoles(AnchorCase.CaAsLeaf.Keys);

    public static TheoryData<string, PeerRole> ForeignCa => InBothRoles(AnchorCase.ForeignCa.Keys);

    [Theory, Trait("Spec", "XV-k"), MemberData(nameof(NotSelfSigned))]
    public Task An_authority_that_is_not_self_signed_verifies_what_is_below_it_and_nothing_else(string peer, PeerRole role) =>
        AssertAsync(AnchorCase.NotSelfSigned[peer], role);

    [Theory, Trait("Spec", "XV-i"), MemberData(nameof(Rollover))]
    public Task Two_roots_of_one_name_verify_their_own_leafs_in_either_order(string peer, PeerRole role) => AssertAsync(AnchorCase.Rollover[peer], role);

    [Theory, Trait("Spec", "XV-j"), MemberData(nameof(EmptyBundle))]
    public Task A_federated_trust_domain_without_authorities_has_no_peers(string peer, PeerRole role) => AssertAsync(AnchorCase.EmptyBundle[peer], role);

    [Theory, Trait("Spec", "XV-l"), Trait("Spec", "XV-m"), MemberData(nameof(CaAsLeaf))]
    public Task A_CA_is_no_peer(string peer, PeerRole role) => AssertAsync(AnchorCase.CaAsLeaf[peer], role);

    [Theory, Trait("Spec", "XV-h"), MemberData(nameof(ForeignCa))]
    public Task A_CA_vouches_for_its_own_trust_domain_only(string peer, PeerRole role) => AssertAsync(AnchorCase.ForeignCa[peer], role);

    [Theory, Trait("Spec", "XV-l")]
    [InlineData(PeerRole.Client)]
    [InlineData(PeerRole.Server)]
    public async Task A_leaf_among_the_authorities_does_not_verify_itself(PeerRole role)
    {
        ExpectWarning("UpdateRemark");
        var pki = new TestPki("example.org");
        var leaf = pki.SelfSignedLeaf();
        var ours = new TestIdentity(pki.Leaf("/us"), pki.Root.Certificate, leaf);
        await AssertAsync(new(ours, new(leaf), "spiffe://example.org/workload", RejectionReason.NotTrusted), role);
    }

    private async Task AssertAsync(AnchorCase expected, PeerRole role)
    {
        var agent = await IssueAsync(expected.Ours);
        await (role == PeerRole.Client ? AssertOfClientAsync(expected, agent) : AssertOfServerAsync(expected, agent));
    }

    private async Task AssertOfClientAsync(AnchorCase expected, FakeAgent agent)
    {
        var server = await StartServerAsync(agent);
        using var client = ClientOf(expected.Peer, server);
        if (expected.Reason == RejectionReason.None) Assert.Equal(expected.Id, await GetAsync(client));
        else await AssertRefusedAsync(client, expected.Reason, expected.Id);
    }

    private async Task AssertOfServerAsync(AnchorCase expected, FakeAgent agent)
    {
        var isAccepted = expected.Reason == RejectionReason.None;
        var server = await StartServerAsync(expected.Peer);
        using var client = ClientOf(await SourceAsync(agent), server, isAccepted ? SpiffeIdPattern.Parse(expected.Id) : SpiffeIdPattern.Any);
        if (isAccepted) await GetAsync(client);
        else await AssertServerRefusedAsync(client, expected.Reason, expected.Id);
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
