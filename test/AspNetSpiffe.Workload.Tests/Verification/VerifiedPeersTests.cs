using System.Reflection;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using AspNetSpiffe.TestKit;

namespace AspNetSpiffe.Workload.Tests.Verification;

/// <summary>A peer that is remembered is never accepted where a new one would be refused, and costs no chain.</summary>
public sealed class VerifiedPeersTests : VerifierTest
{
    private readonly VerifiedPeers _peers = new(new());
    private readonly X509BundleSet _bundles;
    private readonly TestSvid _client;

    public VerifiedPeersTests() => (_bundles, _client) = (Bundles, Pki.Leaf("/client"));

    [Fact]
    public void A_new_peer_costs_one_chain_and_a_known_one_only_that_of_SslStream_which_trusts_nobody()
    {
        // The first build of a process loads the system's CAs.
        AssertAccepted(Verify(_client));

        Assert.Equal((1, true), Handshake(_client));
        Assert.Equal((1, true), Handshake(_client));
        Assert.Equal((1, false), Handshake(_client));

        var other = Pki.Leaf("/other");
        Assert.Equal((2, false), Handshake(other));
        Assert.Equal((1, true), Handshake(Pki.Leaf("/another")));
    }

    [Fact]
    public void A_refused_peer_does_not_change_what_is_expected()
    {
        AssertAccepted(Ask(_client));
        AssertAccepted(Ask(_client));
        AssertRefused(RejectionReason.NotTrusted, Ask(new TestPki("td").Leaf()));
        Assert.Equal((1, false), Handshake(_client));
    }

    [Fact, Trait("Spec", "XV-a")]
    public void A_remembered_peer_has_the_leaf_that_it_presented_this_time()
    {
        AssertAccepted(Ask(_client));
        using var again = X509CertificateLoader.LoadCertificate(_client.Leaf.RawData);
        var peer = Ask(again, _client.Intermediates).Peer!;
        Assert.Same(again, peer.Leaf);
        Assert.Equal(("spiffe://td/client", again.NotAfter.ToUniversalTime()), (peer.Id.ToString(), peer.NotAfter.UtcDateTime));
    }

    [Fact]
    public void What_is_read_of_a_certificate_to_verify_it_is_not_kept_as_long_as_its_connection()
    {
        foreach (var _ in new[] { "new", "known" })
        {
            using var leaf = X509CertificateLoader.LoadCertificate(_client.Leaf.RawData);
            var before = Kept(leaf);
            Assert.Same(leaf, Ask(leaf, _client.Intermediates).Peer!.Leaf);
            Assert.Equal(before, Kept(leaf));
        }

        // What the framework reads once, it keeps in the certificate.
        static object?[] Kept(X509Certificate2 certificate) =>
            [.. new[] { typeof(X509Certificate2), typeof(X509Certificate) }.SelectMany(type => type.GetFields(BindingFlags.Instance | BindingFlags.NonPublic)).Select(field => field.GetValue(certificate))];
    }

    [Fact, Trait("Spec", "XV-h")]
    public void A_remembered_peer_is_refused_out_of_its_time()
    {
        AssertAccepted(Ask(_client));
        AssertRefused(RejectionReason.Expired, Ask(_client, at: _client.Leaf.NotAfter.ToUniversalTime().AddSeconds(1)));
        AssertRefused(RejectionReason.NotYetValid, Ask(_client, at: _client.Leaf.NotBefore.ToUniversalTime().AddSeconds(-1)));
        AssertAccepted(Ask(_client));
    }

    [Fact, Trait("Spec", "XV-h")]
    public void A_remembered_peer_is_refused_once_its_intermediate_has_expired()
    {
        var svid = Pki.Root.Intermediate(i => i with { NotAfter = Now.AddMinutes(10) }).Leaf("/client");
        AssertAccepted(Ask(svid));
        AssertRefused(RejectionReason.Expired, Ask(svid, at: Now.AddMinutes(11)));
        AssertAccepted(Ask(svid));
    }

    [Fact, Trait("Spec", "XV-h")]
    public void A_remembered_peer_is_refused_once_its_authority_has_expired()
    {
        var pki = new TestPki("td", root: r => r with { NotAfter = Now.AddMinutes(10) });
        var (svid, bundles) = (pki.Leaf("/client"), new X509BundleSet([pki.Bundle]));
        AssertAccepted(Ask(svid, bundles));
        AssertRefused(RejectionReason.Expired, Ask(svid, bundles, at: Now.AddMinutes(11)));
    }

    [Fact, Trait("Spec", "XV-n")]
    public void A_remembered_peer_is_refused_in_a_role_that_its_certificate_does_not_allow()
    {
        var client = Pki.Leaf(l => l with { ExtendedKeyUsages = [CertificateSpec.ClientAuth] });
        AssertAccepted(Ask(client));
        AssertRefused(RejectionReason.NotForThisUse, Ask(client, role: PeerRole.Server));
    }

    [Fact, Trait("Spec", "XV-j")]
    public void A_remembered_peer_is_refused_once_its_authority_or_its_bundle_is_gone()
    {
        AssertAccepted(Ask(_client));
        AssertRefused(RejectionReason.NotTrusted, Ask(_client, new([new X509Bundle(Pki.TrustDomain, [Pki.CreateRoot().Certificate])])));
        AssertRefused(RejectionReason.UnknownTrustDomain, Ask(_client, new([new TestPki("other").Bundle])));
        AssertRefused(RejectionReason.EmptyBundle, Ask(_client, new([new X509Bundle(Pki.TrustDomain, [])])));
        AssertAccepted(Ask(_client));
    }

    [Fact, Trait("Trial", "M-01"), Trait("Spec", "XV-j")]
    public void A_new_bundle_of_its_trust_domain_forgets_a_peer_and_one_of_another_does_not()
    {
        var (ours, theirs) = (Pki.Bundle, new TestPki("other").Bundle);
        TestSvid[] clients = [.. Enumerable.Range(0, 3).Select(i => Pki.Leaf($"/{i}"))];
        X509BundleSet before = new([ours, theirs]), otherChanged = new([ours, new TestPki("other").Bundle]), oursChanged = new([new X509Bundle(Pki.TrustDomain, [.. ours.Authorities, Pki.CreateRoot().Certificate]), theirs]);
        foreach (var client in clients) Assert.Equal(1, Chains(client, before));

        Assert.All(clients, client => Assert.Equal(0, Chains(client, otherChanged)));
        Assert.All(clients, client => Assert.Equal(1, Chains(client, oursChanged)));
        Assert.All(clients, client => Assert.Equal(1, Chains(client, before)));

        int Chains(TestSvid client, X509BundleSet bundles) => ChainBuilds.Of(() => AssertAccepted(_peers.Verify(client.Leaf, [.. client.Intermediates], bundles, PeerRole.Client, Now)));
    }

    [Fact, Trait("Trial", "M-01"), Trait("Spec", "XV-j")]
    public void Remembered_peers_are_refused_once_the_bundle_of_their_trust_domain_is_another()
    {
        TestSvid[] clients = [.. Enumerable.Range(0, 3).Select(i => Pki.Leaf($"/{i}"))];
        Assert.All(clients, client => AssertAccepted(Ask(client)));
        var others = new X509BundleSet([new TestPki("td").Bundle]);
        Assert.All(clients, client => AssertRefused(RejectionReason.NotTrusted, Ask(client, others)));
        Assert.All(clients, client => AssertAccepted(Ask(client)));
    }

    [Fact, Trait("Spec", "XV-i")]
    public void A_remembered_leaf_without_its_intermediate_is_a_new_peer()
    {
        AssertAccepted(Ask(_client));
        AssertRefused(RejectionReason.NotTrusted, Ask(_client.Leaf, []));
        AssertAccepted(Ask(_client.Leaf, [.. _client.Intermediates, Pki.Root.Certificate]));
        Assert.Equal(2, _peers.Count);
    }

    [Fact, Trait("Spec", "XV-i")]
    public void A_leaf_that_differs_in_one_byte_is_a_new_peer()
    {
        AssertAccepted(Ask(_client));
        var der = _client.Leaf.RawData;
        der[^1] ^= 1;
        using var forged = X509CertificateLoader.LoadCertificate(der);
        Assert.False(Ask(forged, _client.Intermediates).Accepted);
        Assert.Equal(1, _peers.Count);
    }

    [Fact]
    public void Refusals_are_not_remembered()
    {
        var later = Pki.Leaf(l => l with { NotBefore = Now.AddMinutes(10) });
        AssertRefused(RejectionReason.NotYetValid, Ask(later));
        AssertRefused(RejectionReason.CaCertificate, Ask(Pki.Leaf(l => l with { Ca = true })));
        AssertRefused(RejectionReason.NoCertificate, _peers.Verify(null, (X509Chain?)null, _bundles, PeerRole.Client, Now));
        Assert.Equal(0, _peers.Count);
        AssertAccepted(Ask(later, at: Now.AddMinutes(11)));
    }

    [Fact]
    public void More_certificates_than_a_peer_may_present_are_not_even_read()
    {
        var peers = new VerifiedPeers(new() { MaxChainLength = 2 });
        using var chain = Chain(_client.Leaf, [.. _client.Intermediates, Pki.Root.Certificate], peers, _bundles, PeerRole.Client, Now);
        AssertRefused(RejectionReason.TooLarge, peers.Verify(_client.Leaf, chain, _bundles, PeerRole.Client, Now));
    }

    [Fact]
    public async Task Bundles_that_change_meanwhile_never_lend_a_peer_to_each_other()
    {
        var other = new TestPki("td", intermediates: 1);
        X509BundleSet[] sets = [_bundles, new([other.Bundle])];
        TestSvid[] svids = [_client, other.Leaf("/client")];
        await Parallel.ForAsync(0, 1_000, (i, _) =>
        {
            var (svid, set) = (i % 2, i / 2 % 2);
            Assert.Equal(svid == set, Ask(svids[svid], sets[set]).Accepted);
            return ValueTask.CompletedTask;
        });
    }

    [Theory]
    [InlineData(20261121)]
    [InlineData(4)]
    public void Whatever_came_before_the_answer_is_that_of_a_verifier_without_memory(int seed)
    {
        var random = new Random(seed);
        var next = new X509Bundle(Pki.TrustDomain, [Pki.CreateRoot().Certificate]);
        var brief = Pki.Root.Intermediate(i => i with { NotBefore = Now.AddMinutes(-10), NotAfter = Now.AddMinutes(10) });
        var (subordinate, brieflyTrusted) = (Pki.Root.Intermediate(i => i with { Subject = Pki.Root.Certificate.Subject, KeyIds = false }), Pki.Root.Intermediate(i => i with { NotAfter = Now.AddMinutes(15) }));
        X509BundleSet[] sets =
        [
            _bundles, new([Pki.Bundle]), new([next]), new([new TestPki("other").Bundle]), new([new X509Bundle(Pki.TrustDomain, [next.Authorities[0], Pki.Root.Certificate])]),
            new([new X509Bundle(Pki.TrustDomain, [subordinate.Certificate])]), new([new X509Bundle(Pki.TrustDomain, [brieflyTrusted.Certificate, next.Authorities[0]])]),
        ];
        TestSvid[] svids =
        [
            _client, Pki.Root.Leaf("/root"), brief.Leaf("/short"), Pki.Leaf(l => l with { ExtendedKeyUsages = [CertificateSpec.ClientAuth] }), Pki.Leaf(l => l with { Ca = true }),
            new TestPki("td").Leaf(), Pki.Leaf(l => l with { NotAfter = Now.AddMinutes(20) }),
            subordinate.Leaf(l => l with { KeyIds = false }), brieflyTrusted.Leaf(), Pki.Leaf(l => l with { Key = KeyKind.Rsa1024 }), Pki.Leaf(l => l with { Hash = HashAlgorithmName.SHA1 }),
            Pki.Root.Intermediate(i => i with { ExtendedKeyUsages = ["2.5.29.37.0"] }).Leaf(), Pki.Root.Intermediate(i => i with { PermittedUriHost = "elsewhere" }).Leaf(),
        ];
        for (var i = 0; i < 600; i++)
        {
            // Sets stay for a while, as they do in life.
            var (svid, bundles, role) = (svids[random.Next(svids.Length)], sets[i / 20 % sets.Length], (PeerRole)random.Next(2));
            var at = random.Next(3) == 0 ? new DateTimeOffset(svid.Leaf.NotAfter).AddMilliseconds(random.Next(-1, 3) * 500) : Now.AddMinutes(random.Next(-90, 90));
            var intermediates = random.Next(4) == 0 ? [] : svid.Intermediates;
            var fresh = X509SvidVerifier.Verify(svid.Leaf, [.. intermediates], bundles, role, at);
            var answer = Ask(svid.Leaf, intermediates, bundles, role, at);
            Assert.Equal((fresh.Reason, fresh.Id, fresh.Peer?.NotAfter), (answer.Reason, answer.Id, answer.Peer?.NotAfter));
        }
    }

    [Fact]
    public void The_memory_is_bounded_and_who_comes_again_stays()
    {
        var peers = new VerifiedPeers(new(), capacity: 10);
        Assert.True(Ask(peers, _client).Accepted);
        for (var i = 0; i < 40; i++)
        {
            Assert.True(Ask(peers, Pki.Leaf($"/{i}")).Accepted);
            Assert.Equal(0, ChainBuilds.Of(() => Assert.True(peers.Verify(_client.Leaf, Unbuilt(_client), _bundles, PeerRole.Client, Now).Accepted)));
            Assert.InRange(peers.Count, 1, 10);
        }
    }

    // What SslStream does, and how many chains were built in all; whether its own trusted anybody.
    private (int Chains, bool Trusts) Handshake(TestSvid svid)
    {
        var trusts = false;
        var chains = ChainBuilds.Of(() =>
        {
            using var chain = Chain(svid.Leaf, svid.Intermediates, _peers, _bundles, PeerRole.Client, Now);
            trusts = chain.ChainPolicy.CustomTrustStore.Count > 0;
            AssertAccepted(_peers.Verify(svid.Leaf, chain, _bundles, PeerRole.Client, Now));
        });
        return (chains, trusts);
    }

    private VerificationResult Ask(TestSvid svid, X509BundleSet? bundles = null, PeerRole role = PeerRole.Client, DateTimeOffset? at = null) =>
        Ask(svid.Leaf, svid.Intermediates, bundles, role, at);

    private VerificationResult Ask(
        X509Certificate2 leaf, IReadOnlyCollection<X509Certificate2> intermediates, X509BundleSet? bundles = null, PeerRole role = PeerRole.Client, DateTimeOffset? at = null)
    {
        using var chain = Chain(leaf, intermediates, _peers, bundles ?? _bundles, role, at ?? Now);
        return _peers.Verify(leaf, chain, bundles ?? _bundles, role, at ?? Now);
    }

    private VerificationResult Ask(VerifiedPeers peers, TestSvid svid)
    {
        using var chain = Chain(svid.Leaf, svid.Intermediates, peers, _bundles, PeerRole.Client, Now);
        return peers.Verify(svid.Leaf, chain, _bundles, PeerRole.Client, Now);
    }

    // SslStream builds with the policy that it was given at the beginning of the handshake.
    private static X509Chain Chain(
        X509Certificate2 leaf, IEnumerable<X509Certificate2> intermediates, VerifiedPeers peers, X509BundleSet bundles, PeerRole role, DateTimeOffset at)
    {
        var chain = new X509Chain { ChainPolicy = peers.ExpectPeer(bundles.Find(TrustDomain.Parse("td")) ?? bundles.First(), at).Clone() };
        chain.ChainPolicy.ExtraStore.AddRange(intermediates.ToArray());
        chain.ChainPolicy.ApplicationPolicy.Add(new(role == PeerRole.Client ? CertificateSpec.ClientAuth : CertificateSpec.ServerAuth));
        chain.Build(leaf);
        return chain;
    }

    private static X509Chain Unbuilt(TestSvid svid)
    {
        var chain = new X509Chain();
        chain.ChainPolicy.ExtraStore.AddRange(svid.Intermediates.ToArray());
        return chain;
    }
}
