using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using AspNetSpiffe.TestKit;
using AspNetSpiffe.Workload.Tests.Verification;
using Microsoft.Extensions.Logging;

namespace AspNetSpiffe.Workload.Tests.Tls;

/// <summary>Who was refused and why: one event in the log and one count for each peer, whatever the reason.</summary>
public sealed class RefusalReasonTests(ITestOutputHelper output) : RefusalTest(output)
{
    private static readonly TestPki Elsewhere = new("elsewhere");

    private static readonly RejectionReason[] CausedByNobody = [RejectionReason.None];

    private static readonly string[] Names = ["error.type", "spiffe.peer.role", "spiffe.peer.trust_domain"];

    private static readonly Dictionary<RejectionReason, RefusedPeer> Peers = new()
    {
        [RejectionReason.NoCertificate] = new(null, [], RefusedPeer.NoId),
        [RejectionReason.TooLarge] = new(Pki.Leaf().Leaf, [.. Enumerable.Repeat(Pki.Issuer.Certificate, 16)], RefusedPeer.NoId),
        [RejectionReason.Unreadable] = new(UnreadableTests.WithDateThatIsNone(Pki.Leaf().Leaf), Pki.Issuer.Intermediates, "spiffe://td/workload"),
        [RejectionReason.NotOneUriSan] = new(Pki.Leaf(l => l with { Uris = ["spiffe://td/a", "spiffe://td/b"] }), RefusedPeer.NoId),
        [RejectionReason.InvalidSpiffeId] = new(Pki.Leaf(l => l with { Uris = ["spiffe://td/a/../b"] }), RefusedPeer.NoId),
        [RejectionReason.RootPath] = new(Pki.Leaf("")),
        [RejectionReason.CaCertificate] = new(Pki.Leaf(l => l with { Ca = true })),
        [RejectionReason.SigningKeyUsage] = new(Pki.Leaf(l => l with { KeyUsage = X509KeyUsageFlags.DigitalSignature | X509KeyUsageFlags.KeyCertSign })),
        [RejectionReason.NoDigitalSignature] = new(Pki.Leaf(l => l with { KeyUsage = null })),
        [RejectionReason.UnknownTrustDomain] = new(Elsewhere.Leaf("/a")),
        [RejectionReason.EmptyBundle] = new(Empty.Leaf("/a")),
        [RejectionReason.Expired] = new(Pki.Leaf(l => l with { NotBefore = l.NotBefore.AddHours(-2), NotAfter = l.NotBefore.AddMinutes(-1) })),
        [RejectionReason.NotYetValid] = new(Pki.Leaf(l => l with { NotBefore = l.NotAfter.AddMinutes(-1), NotAfter = l.NotAfter.AddHours(2) })),
        [RejectionReason.NotTrusted] = new(Pki.CreateRoot().Leaf("/a")),
        [RejectionReason.BadSignature] = new(Pki.Leaf(l => l with { SignedBy = TestKey.Create(KeyKind.P256) })),
        [RejectionReason.NotForThisUse] = new(Pki.Leaf(l => l with { ExtendedKeyUsages = [CertificateSpec.ServerAuth] })),
        [RejectionReason.InvalidChain] = new(Pki.Leaf(l => l with { UnknownCriticalExtension = true })),
        [RejectionReason.WeakKey] = new(Pki.Leaf(l => l with { Key = KeyKind.Rsa1024 })),
        [RejectionReason.WeakSignature] = new(Pki.Leaf(l => l with { Hash = HashAlgorithmName.SHA1 })),
        [RejectionReason.NotAllowed] = new(Federated.Leaf("/a")),
        [RejectionReason.Revoked] = new(Revoked),
        [RejectionReason.RevocationUnknown] = new(Unlisted.Leaf("/a")),
    };

    public static TheoryData<RejectionReason> Reasons => [.. Peers.Keys];

    [Fact, Trait("Spec", "XV-r")]
    public void A_peer_stands_here_for_every_reason() =>
        Assert.Equal(Enum.GetValues<RejectionReason>().Except(CausedByNobody).Order(), Peers.Keys.Order());

    [Theory, Trait("Spec", "XV-r"), MemberData(nameof(Reasons))]
    public void A_refusal_is_one_event_that_says_who_and_why(RejectionReason reason)
    {
        var result = Refuse(reason);
        Assert.False(result.Accepted);
        Assert.Equal(reason, result.Reason);

        var refusal = Assert.Single(Refusals);
        Assert.Equal(LogLevel.Information, refusal.Level);
        Assert.Equal("AspNetSpiffe.Handshake", refusal.Category);
        Assert.Equal(reason, refusal.Values["Reason"]);
        Assert.Equal(Peers[reason].Claimed, refusal.Values["SpiffeId"]);
        Assert.Equal(Remote.ToString(), refusal.Values["Remote"]);
        Assert.Equal(Peers[reason].Issuer, refusal.Values["Issuer"]);
        Assert.Equal(0L, refusal.Values["Suppressed"]);
        Assert.All(["Reason", "SpiffeId", "Remote", "Issuer", "Advice"], name => Assert.Contains(refusal.Values[name]?.ToString() ?? "", refusal.Message, StringComparison.Ordinal));
        Assert.Contains($"docs/rejections.md#{reason.ToString().ToLowerInvariant()}", refusal.Message, StringComparison.Ordinal);
    }

    [Theory, Trait("Spec", "XV-r"), MemberData(nameof(Reasons))]
    public void A_refusal_is_counted_once_by_its_reason_and_nothing_that_a_stranger_said(RejectionReason reason)
    {
        Refuse(reason);

        var counted = Assert.Single(Counted);
        Assert.Equal(1, counted.Value);
        Assert.Equal(Names, counted.Tags.Keys.Order(StringComparer.Ordinal));
        Assert.Equal(JsonNamingPolicy.SnakeCaseLower.ConvertName(reason.ToString()), counted.Tags["error.type"]);
        Assert.Equal("client", counted.Tags["spiffe.peer.role"]);
        Assert.Contains(counted.Tags["spiffe.peer.trust_domain"], new[] { "td", "partner", "empty", "listed", "unlisted", "unknown" });
    }

    [Fact, Trait("Spec", "XV-h"), Trait("Spec", "WA-13")]
    public void For_an_unknown_trust_domain_the_event_names_those_that_are_known()
    {
        Refuse(RejectionReason.UnknownTrustDomain);
        Assert.Contains("no trust bundle of the trust domain 'elsewhere'. Available: the bundles of 'empty', 'listed', 'partner', 'td', 'unlisted'.", Assert.Single(Refusals).Message, StringComparison.Ordinal);
        Assert.Equal("unknown", Assert.Single(Counted).Tags["spiffe.peer.trust_domain"]);
    }

    [Fact, Trait("Spec", "XV-h")]
    public void Of_very_many_known_trust_domains_the_event_names_twenty()
    {
        Publish([.. Enumerable.Range(0, 25).Select(i => new TestPki($"partner-{i:00}"))]);
        Refuse(RejectionReason.UnknownTrustDomain);

        var text = Assert.Single(Refusals).Message;
        Assert.Contains("Available: the bundles of 'partner-00', 'partner-01', ", text, StringComparison.Ordinal);
        Assert.Contains(", 'partner-19' and 6 more.", text, StringComparison.Ordinal);
    }

    [Fact, Trait("Spec", "XV-q")]
    public void For_a_peer_that_may_not_connect_the_event_says_who_may()
    {
        Refuse(RejectionReason.NotAllowed);
        Assert.Contains(" Allowed: spiffe://td/**. ", Assert.Single(Refusals).Message, StringComparison.Ordinal);
        Assert.Equal("partner", Assert.Single(Counted).Tags["spiffe.peer.trust_domain"]);
    }

    [Fact, Trait("Spec", "XV-q")]
    public void Who_may_connect_is_not_asked_of_a_peer_that_is_not_verified()
    {
        Verify(Federated.CreateRoot().Leaf("/a"));
        Assert.Equal(RejectionReason.NotTrusted, Assert.Single(Refusals).Values["Reason"]);
    }

    [Fact, Trait("Spec", "XV-r")]
    public void Without_an_identity_of_our_own_the_event_says_so()
    {
        Withdraw();
        Assert.Equal(RejectionReason.UnknownTrustDomain, Verify(Pki.Leaf()).Reason);
        Assert.Contains("This workload has no identity now", Assert.Single(Refusals).Message, StringComparison.Ordinal);
    }

    [Fact, Trait("Spec", "XV-r")]
    public void A_refused_server_is_counted_as_one()
    {
        Verify(Elsewhere.Leaf().Leaf, [], Remote, PeerRole.Server);
        Assert.Equal("server", Assert.Single(Counted).Tags["spiffe.peer.role"]);
    }

    [Fact]
    public void A_peer_that_is_accepted_is_no_refusal()
    {
        Assert.True(Verify(Pki.Leaf()).Accepted);
        Assert.Empty(Refusals);
        Assert.Empty(Counted);
    }

    private VerificationResult Refuse(RejectionReason reason)
    {
        var peer = Peers[reason];
        return Verify(peer.Leaf, peer.Intermediates, Remote);
    }
}
