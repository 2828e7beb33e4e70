using System.Collections.Immutable;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using AspNetSpiffe.TestKit;
using static AspNetSpiffe.Tests.Vectors.Vector;

namespace AspNetSpiffe.Tests.Vectors;

/// <summary>The peers, by the number that their group has in the list of vectors.</summary>
internal static class PeerVectors
{
    private const X509KeyUsageFlags Signs = X509KeyUsageFlags.DigitalSignature;

    private static readonly DateTimeOffset Now = TimeProvider.System.GetUtcNow();

    // What ID-01 to ID-20 forbid, as the only URI name of an otherwise valid leaf.
    private static readonly string[] NoIds =
    [
        "", "spiffe:", "spiffe:/", "spiffe://", "spiffe:///workload", "//example.org/workload", "example.org/workload", "http://example.org/workload",
        "spiffe://example.org/workload?", "spiffe://example.org/workload?x=1", "spiffe://example.org/workload#", "spiffe://example.org/workload#f",
        "spiffe://user@example.org/workload", "spiffe://example.org:/workload", "spiffe://example.org:8080/workload",
        "spiffe://ex%61mple.org/workload", "spiffe://[::1]/workload", "spiffe://example.org/%77orkload", "spiffe://example.org/a%2fb",
        "spiffe://example.org//workload", "spiffe://example.org/a//workload", "spiffe://example.org/./workload", "spiffe://example.org/../workload",
        "spiffe://example.org/workload/", "spiffe://example.org/", "spiffe://example.org/work load", "spiffe://example.org/work~load", "spiffe://example.org/work*load",
        "spiffe://example.org/workload\0", "spiffe://example.org/workload\r\n", " spiffe://example.org/workload", "spiffe://example.org/workload ",
        "SPIFFE://example.org/workload", "Spiffe://example.org/workload", "spiffe://EXAMPLE.org/workload", "spiffe://Example.Org/workload",
    ];

    public static IReadOnlyList<Vector> All { get; } =
    [
        Accepted("1 a leaf", l => l),
        Accepted("2 one intermediate", () => World.Home.Root.Intermediate().Leaf()),
        Accepted("2 two intermediates", () => World.Home.Root.Intermediate().Intermediate().Leaf()),
        Refused("2 an intermediate that is not sent", RejectionReason.NotTrusted, () => Deep().WithoutLast, Deep),
        Accepted("3 DNS and IP names", l => l with { DnsNames = ["web.example.org"], IpAddresses = [IPAddress.Loopback] }),
        Accepted("4 empty subject, critical names", l => l with { Subject = "", SanCritical = true }),
        Accepted("4 empty subject, names not critical", l => l with { Subject = "", SanCritical = false }),
        Refused("5 expired", RejectionReason.Expired, l => l with { NotBefore = Now.AddHours(-2), NotAfter = Now.AddHours(-1) }),
        Refused("5 not yet valid", RejectionReason.NotYetValid, l => l with { NotBefore = Now.AddHours(1), NotAfter = Now.AddHours(2) }),
        Refused("6 another CA of the same name", RejectionReason.NotTrusted, () => World.Home.CreateRoot().Leaf(), () => World.Home.Leaf()),
        Refused("7 a partner's ID, signed at home", RejectionReason.NotTrusted, l => l with { Uris = ["spiffe://partner.org/workload"] }),
        Refused("7 our ID, signed by a partner", RejectionReason.NotTrusted, () => World.Partner.Leaf(l => l with { Uris = ["spiffe://example.org/workload"] }), () => World.Partner.Leaf()),
        Refused("7 an unknown trust domain", RejectionReason.UnknownTrustDomain, () => World.Unknown.Leaf(), () => World.Partner.Leaf()),
        Refused("8 cA", RejectionReason.CaCertificate, l => l with { Ca = true }),
        Refused("9 keyCertSign", RejectionReason.SigningKeyUsage, l => l with { KeyUsage = Signs | X509KeyUsageFlags.KeyCertSign }),
        Refused("10 cRLSign", RejectionReason.SigningKeyUsage, l => l with { KeyUsage = Signs | X509KeyUsageFlags.CrlSign }),
        Refused("11 no key usage", RejectionReason.NoDigitalSignature, l => l with { KeyUsage = null }),
        Refused("12 keyEncipherment alone", RejectionReason.NoDigitalSignature,
            l => l with { Key = KeyKind.Rsa2048, KeyUsage = X509KeyUsageFlags.KeyEncipherment },
            l => l with { Key = KeyKind.Rsa2048, KeyUsage = Signs | X509KeyUsageFlags.KeyEncipherment }),
        Usage("13 for servers only", RejectionReason.NotForThisUse, RejectionReason.None, CertificateSpec.ServerAuth),
        Usage("13 for clients only", RejectionReason.None, RejectionReason.NotForThisUse, CertificateSpec.ClientAuth),
        Usage("13 for both", RejectionReason.None, RejectionReason.None, CertificateSpec.ServerAuth, CertificateSpec.ClientAuth),
        Usage("13 for nothing that is said", RejectionReason.None, RejectionReason.None),
        Usage("13 for signing code", RejectionReason.NotForThisUse, RejectionReason.NotForThisUse, "1.3.6.1.5.5.7.3.3"),
        Refused("14 two URI names, the ID first", RejectionReason.NotOneUriSan, l => l with { Uris = ["spiffe://example.org/workload", "https://example.org"] }),
        Refused("14 two URI names, the ID second", RejectionReason.NotOneUriSan, l => l with { Uris = ["https://example.org", "spiffe://example.org/workload"] }),
        Refused("14 two IDs", RejectionReason.NotOneUriSan, l => l with { Uris = ["spiffe://example.org/workload", "spiffe://example.org/admin"] }),
        Refused("15 no names", RejectionReason.NotOneUriSan, l => l with { Uris = [], Subject = "CN=nobody" }),
        Refused("15 a DNS name alone", RejectionReason.NotOneUriSan, l => l with { Uris = [], DnsNames = ["example.org"] }),
        Refused("16 a URI of the Web", RejectionReason.InvalidSpiffeId, l => l with { Uris = ["https://example.org/workload"] }),
        Refused("17 no path", RejectionReason.RootPath, l => l with { Uris = ["spiffe://example.org"] }),
        .. NoIds.Select(id => Refused($"18, 20 '{id.ReplaceLineEndings("\\n").Replace("\0", "\\0", StringComparison.Ordinal)}'", RejectionReason.InvalidSpiffeId, l => l with { Uris = [id] })),
        Refused("19 an ID of 2049 bytes", RejectionReason.InvalidSpiffeId, l => l with { Uris = [IdOf(2049)] }, l => l with { Uris = [IdOf(2048)] }),
        Accepted("21 an authority that is not self-signed", () => ((VectorPeer)World.Unrooted.Leaf()).WithoutLast),
        Accepted("21 an authority that is not self-signed, sent along", () => World.Unrooted.Leaf()),
        Refused("21 the root above the authority", RejectionReason.NotTrusted, () => World.Unrooted.Root.Leaf(), () => World.Unrooted.Leaf()),
        Refused("22 a leaf in its bundle", RejectionReason.NotTrusted, () => World.LeafInTheBundle, () => World.Careless.Leaf()),
        Refused("23 an intermediate without cA", RejectionReason.InvalidChain, () => World.Home.Root.Intermediate(i => i with { Ca = false }).Leaf(), Deep),
        Refused("23 an intermediate without basic constraints", RejectionReason.InvalidChain, () => World.Home.Root.Intermediate(i => i with { Ca = null }).Leaf(), Deep),
        Refused("23 an intermediate that may not sign certificates", RejectionReason.InvalidChain,
            () => World.Home.Root.Intermediate(i => i with { KeyUsage = X509KeyUsageFlags.CrlSign }).Leaf(), Deep),
        Refused("23 more intermediates than one allows", RejectionReason.InvalidChain,
            () => WithPathLength(0), () => WithPathLength(1)),
        Refused("24 an unknown critical extension", RejectionReason.InvalidChain, l => l with { UnknownCriticalExtension = true }),
        Refused("a signature that is not its issuer's", RejectionReason.BadSignature, l => l with { SignedBy = TestKey.Create(KeyKind.P256) }),
        Refused("an empty bundle", RejectionReason.EmptyBundle, () => World.Empty.Leaf(), () => World.Partner.Leaf()),

        // That nobody asks there is held by DownloadTests, with a listener.
        Accepted("25 the URL of its issuer", l => l with { AiaUrl = "http://127.0.0.1:1/ca.der" }),
        Accepted("26 RSA, 2048 bits", l => l with { Key = KeyKind.Rsa2048 }),
        Accepted("26 P-256", l => l with { Key = KeyKind.P256 }),
        Accepted("26 P-384", l => l with { Key = KeyKind.P384 }),
        Accepted("26 P-521", l => l with { Key = KeyKind.P521 }),
        Accepted("a partner", () => World.Partner.Leaf()),
    ];

    // The control of extended key usage is the other role, or the vector without any.
    private static Vector Usage(string name, RejectionReason asClient, RejectionReason asServer, params ImmutableArray<string> usages) =>
        new(name, () => World.Home.Leaf(l => l with { ExtendedKeyUsages = usages }), asClient, asServer, () => World.Home.Leaf(l => l with { ExtendedKeyUsages = [] }));

    // An intermediate with its issuer's name is self-issued, and would not count (RFC 5280 §4.2.1.9).
    private static VectorPeer WithPathLength(int length) => World.Home.Root.Intermediate(i => i with { PathLength = length }).Intermediate(i => i with { Subject = "CN=lower" }).Leaf();

    private static VectorPeer Deep() => World.Home.Root.Intermediate().Leaf();

    private static string IdOf(int bytes) => "spiffe://example.org/".PadRight(bytes, 'a');
}
