using AspNetSpiffe.TestKit;
using AspNetSpiffe.Tests.Handshakes;

namespace AspNetSpiffe.Tests.Kestrel;

/// <summary>Bundles with authorities of every kind, and peers that they verify or not.</summary>
internal static class AnchorCases
{
    private const string Workload = "spiffe://example.org/workload";
    private const string OtherWorkload = "spiffe://other/workload";

    private static readonly TestPki Pki = new("example.org", intermediates: 1);
    private static readonly TestPki SameNames = new("example.org", intermediates: 1);
    private static readonly TestPki Other = new("other", intermediates: 1);
    private static readonly TestPki SameNamesAsOther = new("other", intermediates: 1);
    private static readonly TestAuthority Lower = Pki.Issuer.Intermediate(i => i with { Subject = "CN=lower" });
    private static readonly TestAuthority Next = Pki.CreateRoot();
    private static readonly TestAuthority CaWithPath = Pki.Root.Intermediate(WithPath);

    private static readonly TestIdentity Rooted = Bundle(Pki.Root);
    private static readonly TestIdentity Unrooted = Bundle(Pki.Issuer);
    private static readonly TestIdentity OldFirst = Bundle(Pki.Root, Next);
    private static readonly TestIdentity NewFirst = Bundle(Next, Pki.Root);
    private static readonly TestIdentity Federated = Rooted.With("other", Other.Root.Certificate);
    private static readonly TestIdentity FederatedUnrooted = Rooted.With("other", Other.Issuer.Certificate);
    private static readonly TestIdentity FederatedEmpty = Rooted.With("other");

    /// <summary>An authority of the bundle is not self-signed.</summary>
    public static IReadOnlyDictionary<string, PeerCase> NotSelfSigned { get; } = new Dictionary<string, PeerCase>
    {
        ["its leaf"] = Accepted(Unrooted, Pki.Leaf()),
        ["its leaf, sent alone"] = new(Unrooted, new(Pki.Leaf().Leaf), Workload),
        ["a leaf two levels below"] = Accepted(Unrooted, Lower.Leaf()),
        ["a leaf whose chain goes on above it"] = Accepted(Bundle(Lower), Lower.Leaf()),
        ["a leaf of the root beside it"] = Accepted(Bundle(Pki.Issuer, Next), Next.Intermediate().Leaf()),
        ["a leaf of a federated one"] = Accepted(FederatedUnrooted, Other.Leaf()),
        ["a stranger with the names of a federated one"] = Refused(FederatedUnrooted, SameNamesAsOther.Leaf(), RejectionReason.NotTrusted),
        ["a leaf of the root above it"] = Refused(Unrooted, Pki.Root.Leaf(), RejectionReason.NotTrusted),
        ["a leaf two levels below, sent alone"] = new(Unrooted, new(Lower.Leaf().Leaf), Workload, RejectionReason.NotTrusted),
        ["a stranger with the same names"] = Refused(Unrooted, SameNames.Leaf(), RejectionReason.NotTrusted),
        ["a leaf that signed itself"] = new(Unrooted, new(Pki.SelfSignedLeaf()), Workload, RejectionReason.NotTrusted),
    };

    /// <summary>Two roots have one name, as in the rollover of a CA.</summary>
    public static IReadOnlyDictionary<string, PeerCase> Rollover { get; } = new Dictionary<string, PeerCase>
    {
        ["old first: old leaf"] = Accepted(OldFirst, Pki.Leaf()),
        ["old first: new leaf"] = Accepted(OldFirst, Next.Intermediate().Leaf()),
        ["old first: new leaf of the root"] = Accepted(OldFirst, Next.Leaf()),
        ["new first: old leaf"] = Accepted(NewFirst, Pki.Leaf()),
        ["new first: new leaf"] = Accepted(NewFirst, Next.Intermediate().Leaf()),
        ["new first: old leaf of the root"] = Accepted(NewFirst, Pki.Root.Leaf()),
        ["old first: a third root"] = Refused(OldFirst, SameNames.Root.Leaf(), RejectionReason.NotTrusted),
        ["new first: a third root with an intermediate"] = Refused(NewFirst, SameNames.Leaf(), RejectionReason.NotTrusted),
    };

    /// <summary>A federated trust domain has a bundle without authorities.</summary>
    public static IReadOnlyDictionary<string, PeerCase> EmptyBundle { get; } = new Dictionary<string, PeerCase>
    {
        ["a leaf of ours"] = Accepted(FederatedEmpty, Pki.Leaf()),
        ["its leaf"] = Refused(FederatedEmpty, Other.Leaf(), RejectionReason.EmptyBundle),
        ["its name, signed by our CA"] = Refused(FederatedEmpty, Pki.Leaf(Called(OtherWorkload)), RejectionReason.EmptyBundle),
    };

    /// <summary>A CA stands in the place of a workload.</summary>
    public static IReadOnlyDictionary<string, PeerCase> CaAsLeaf { get; } = new Dictionary<string, PeerCase>
    {
        ["the root"] = new(Rooted, Itself(Pki.Root), "spiffe://example.org", RejectionReason.RootPath),
        ["an intermediate"] = new(Rooted, Itself(Pki.Issuer), "spiffe://example.org", RejectionReason.RootPath),
        ["an intermediate of the bundle"] = new(Unrooted, Itself(Pki.Issuer), "spiffe://example.org", RejectionReason.RootPath),
        ["an intermediate with a path"] = new(Rooted, Itself(CaWithPath), Workload, RejectionReason.CaCertificate),
        ["an intermediate of the bundle with a path"] = new(Bundle(Pki.Root, CaWithPath), Itself(CaWithPath), Workload, RejectionReason.CaCertificate),
    };

    /// <summary>A CA signs for a trust domain that is not its own.</summary>
    public static IReadOnlyDictionary<string, PeerCase> ForeignCa { get; } = new Dictionary<string, PeerCase>
    {
        ["ours by ours"] = Accepted(Federated, Pki.Leaf()),
        ["other by other"] = Accepted(Federated, Other.Leaf()),
        ["ours by other"] = Refused(Federated, Other.Leaf(Called(Workload)), RejectionReason.NotTrusted),
        ["other by ours"] = Refused(Federated, Pki.Leaf(Called(OtherWorkload)), RejectionReason.NotTrusted),
        ["other by other, not federated"] = Refused(Rooted, Other.Leaf(), RejectionReason.UnknownTrustDomain),
        ["other by ours, not federated"] = Refused(Rooted, Pki.Leaf(Called(OtherWorkload)), RejectionReason.UnknownTrustDomain),
    };

    // Our own SVID is of the first authority.
    private static TestIdentity Bundle(params TestAuthority[] authorities) => new(authorities[0].Leaf("/us"), [.. authorities.Select(a => a.Certificate)]);

    private static Presented Itself(TestAuthority authority) => new(authority.Key.Attach(authority.Certificate), [.. authority.Intermediates.Skip(1)]);

    private static CertificateSpec WithPath(CertificateSpec spec) => spec with { Uris = [Workload] };

    private static Func<CertificateSpec, CertificateSpec> Called(string id) => spec => spec with { Uris = [id] };

    private static PeerCase Accepted(TestIdentity ours, TestSvid peer) => new(ours, new(peer), peer.Id);

    private static PeerCase Refused(TestIdentity ours, TestSvid peer, RejectionReason reason) => new(ours, new(peer), peer.Id, reason);
}
