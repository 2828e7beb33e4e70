using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Security.Cryptography.X509Certificates;
using AspNetSpiffe.TestKit;

namespace AspNetSpiffe.Workload.Tests.Revocation;

/// <summary>What the lists say of a verified peer whose chain has a leaf, an intermediate and a root.</summary>
public sealed class RevocationTests
{
    private static readonly TestPki Pki = new("td", intermediates: 1);
    private static readonly TestSvid Peer = Pki.Leaf("/peer");
    private static readonly DateTimeOffset Now = TimeProvider.System.GetUtcNow();

    [Fact]
    public void A_peer_whom_no_list_names_is_good() => AssertReason(RejectionReason.None, Pki.Issuer.List(1), Pki.Root.List(1));

    [Fact]
    public void A_revoked_leaf_is_refused_whatever_is_done_with_the_unknown() => AssertReason(RejectionReason.Revoked, Pki.Issuer.List(1, null, Peer.Leaf), Pki.Root.List(1));

    [Fact]
    public void A_revoked_intermediate_is_refused_whatever_is_done_with_the_unknown() => AssertReason(RejectionReason.Revoked, Pki.Issuer.List(1), Pki.Root.List(1, null, Pki.Issuer.Certificate));

    [Fact]
    public void A_list_that_is_too_old_still_names_the_revoked() => AssertReason(RejectionReason.Revoked, Pki.Issuer.List(1, Now.AddHours(-2), Peer.Leaf), Pki.Root.List(1));

    [Fact]
    public void A_number_in_the_list_of_another_issuer_says_nothing() => AssertReason(RejectionReason.None, Pki.Issuer.List(1), Pki.Root.List(1, null, Peer.Leaf));

    [Fact]
    public void Of_several_lists_of_an_issuer_one_that_names_the_peer_is_enough() => AssertReason(RejectionReason.Revoked, Pki.Issuer.List(1), Pki.Issuer.List(2, null, Peer.Leaf), Pki.Root.List(1));

    [Fact]
    public void Without_any_list_a_peer_is_unknown() => AssertReason(RejectionReason.RevocationUnknown);

    [Fact]
    public void Without_the_list_of_one_issuer_a_peer_is_unknown()
    {
        AssertReason(RejectionReason.RevocationUnknown, Pki.Issuer.List(1));
        AssertReason(RejectionReason.RevocationUnknown, Pki.Root.List(1));
    }

    [Fact]
    public void A_list_that_is_too_old_is_no_answer() => AssertReason(RejectionReason.RevocationUnknown, Pki.Issuer.List(1, Now.AddHours(-2)), Pki.Root.List(1));

    [Fact]
    public void A_list_from_the_future_is_no_answer() => AssertReason(RejectionReason.RevocationUnknown, at: Now.AddHours(-3), lists: [Pki.Issuer.List(1), Pki.Root.List(1)]);

    [Fact]
    public void A_list_in_the_name_of_an_issuer_that_somebody_else_signed_is_no_answer_and_revokes_nobody()
    {
        var forger = Pki.Root.Intermediate(spec => spec with { Subject = Pki.Issuer.Certificate.Subject });
        Assert.Equal(Pki.Issuer.Certificate.SubjectName.RawData, forger.Certificate.SubjectName.RawData);
        AssertReason(RejectionReason.RevocationUnknown, forger.List(1), Pki.Root.List(1));
        AssertReason(RejectionReason.RevocationUnknown, forger.List(1, null, Peer.Leaf), Pki.Root.List(1));
        AssertReason(RejectionReason.None, forger.List(1, null, Peer.Leaf), Pki.Issuer.List(1), Pki.Root.List(1));
    }

    [Fact]
    public void An_issuer_that_may_not_sign_lists_has_none()
    {
        var key = TestKey.Create(default);
        var may = Pki.Root.Intermediate(spec => spec with { WithKey = key });
        var mayNot = Pki.Root.Intermediate(spec => spec with { WithKey = key, Subject = may.Certificate.Subject, KeyUsage = X509KeyUsageFlags.KeyCertSign });
        AssertReason(RejectionReason.None, may.Leaf("/peer"), Now, may.List(1), Pki.Root.List(1));
        AssertReason(RejectionReason.RevocationUnknown, mayNot.Leaf("/peer"), Now, may.List(1), Pki.Root.List(1));
    }

    [Fact]
    public void The_list_of_another_issuer_with_the_same_key_is_no_answer()
    {
        var key = TestKey.Create(default);
        var (issuer, other) = (Pki.Root.Intermediate(spec => spec with { WithKey = key, Subject = "CN=issuer" }), Pki.Root.Intermediate(spec => spec with { WithKey = key, Subject = "CN=other" }));
        AssertReason(RejectionReason.None, issuer.Leaf("/peer"), Now, issuer.List(1), Pki.Root.List(1));
        AssertReason(RejectionReason.RevocationUnknown, issuer.Leaf("/peer"), Now, other.List(1), Pki.Root.List(1));
    }

    [Fact]
    public void Peers_of_a_trust_domain_without_lists_are_not_asked_for()
    {
        var proof = Prove(Peer);
        Assert.Equal(RejectionReason.None, new RevocationLists(FrozenDictionary<TrustDomain, ImmutableArray<RevocationList>>.Empty, acceptsUnknown: false).Judge(proof, Now));
        Assert.Equal(RejectionReason.None, new RevocationLists(new Dictionary<TrustDomain, ImmutableArray<RevocationList>> { [TrustDomain.Parse("other")] = [] }.ToFrozenDictionary(), acceptsUnknown: false).Judge(proof, Now));
    }

    private static PeerProof Prove(TestSvid peer) => X509SvidVerifier.Verify(peer.Leaf, [.. peer.Intermediates], new([Pki.Bundle]), PeerRole.Client, Now).Peer!.Proof;

    private static void AssertReason(RejectionReason expected, params byte[][] lists) => AssertReason(expected, Peer, Now, lists);

    private static void AssertReason(RejectionReason expected, DateTimeOffset at, byte[][] lists) => AssertReason(expected, Peer, at, lists);

    private static void AssertReason(RejectionReason expected, TestSvid peer, DateTimeOffset at, params byte[][] lists)
    {
        var byTrustDomain = new Dictionary<TrustDomain, ImmutableArray<RevocationList>> { [Pki.TrustDomain] = [.. lists.Select(RevocationList.Parse)] }.ToFrozenDictionary();
        Assert.Equal(expected, new RevocationLists(byTrustDomain, acceptsUnknown: false).Judge(Prove(peer), at));
        Assert.Equal(expected == RejectionReason.RevocationUnknown ? RejectionReason.None : expected, new RevocationLists(byTrustDomain, acceptsUnknown: true).Judge(Prove(peer), at));
    }
}
