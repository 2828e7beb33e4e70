using System.Security.Cryptography.X509Certificates;
using AspNetSpiffe.TestKit;
using AspNetSpiffe.Wire;
using Google.Protobuf;
using static AspNetSpiffe.Tests.Vectors.MessageVector;

namespace AspNetSpiffe.Tests.Vectors;

/// <summary>The messages of an agent, by the number that their group has in the list of vectors.</summary>
internal static class MessageVectors
{
    private static readonly TestAuthority Foreign = World.Home.CreateRoot();

    public static IReadOnlyList<MessageVector> All { get; } =
    [
        Refused("27 an Ed25519 key alone", () => World.Message(World.Home.Leaf(l => l with { Key = KeyKind.Ed25519 }))),
        Taken("27 an Ed25519 key beside another", () => Message(World.Home.Leaf(l => l with { Key = KeyKind.Ed25519 }), World.Home.Leaf("/new"))),
        Refused("28 the key of another leaf", s => s.X509SvidKey = ByteString.CopyFrom(World.Home.Leaf().Pkcs8)),
        Refused("29 a byte after the SVID", s => s.X509Svid = Longer(s.X509Svid)),
        Refused("29 a byte after the key", s => s.X509SvidKey = Longer(s.X509SvidKey)),
        Refused("29 a byte after the bundle", s => s.Bundle = Longer(s.Bundle)),
        Refused("29 a byte missing from the SVID", s => s.X509Svid = Shorter(s.X509Svid)),
        Refused("29 a byte missing from the key", s => s.X509SvidKey = Shorter(s.X509SvidKey)),
        Refused("29 a byte missing from the bundle", s => s.Bundle = Shorter(s.Bundle)),
        Refused("29 an SVID in PEM", s => s.X509Svid = ByteString.CopyFromUtf8(World.Home.Leaf("/new").Leaf.ExportCertificatePem())),
        Refused("29 a bundle in PEM", s => s.Bundle = ByteString.CopyFromUtf8(World.Home.Root.Certificate.ExportCertificatePem())),
        Taken("30 two SVIDs with one hint", () => Message("internal", World.Home.Leaf("/new"), World.Home.Leaf("/second"))),
        Taken("30 two SVIDs without hints", () => Message(World.Home.Leaf("/new"), World.Home.Leaf("/second"))),
        Refused("31 no SVID", () => new X509SVIDResponse()),
        Refused("31 an empty ID", s => s.SpiffeId = ""),
        Refused("31 an empty SVID", s => s.X509Svid = ByteString.Empty),
        Refused("31 an empty key", s => s.X509SvidKey = ByteString.Empty),
        Refused("31 an empty bundle", s => s.Bundle = ByteString.Empty),
        Taken("32 a federated bundle for our own trust domain", () => WithFederated("spiffe://example.org", Foreign.Certificate.RawData),
            (() => World.Home.Leaf(), RejectionReason.None),
            (() => Foreign.Leaf(), RejectionReason.NotTrusted)),
        Taken("33 a malformed federated bundle", () => WithFederated("spiffe://unknown.org", [.. World.Unknown.BundleDer, 0]),
            (() => World.Partner.Leaf(), RejectionReason.None),
            (() => World.Unknown.Leaf(), RejectionReason.UnknownTrustDomain)),
        Taken("33 a federated bundle that is well-formed", () => WithFederated("spiffe://unknown.org", World.Unknown.BundleDer),
            (() => World.Unknown.Leaf(), RejectionReason.None)),
        Refused("an ID that the leaf does not have", s => s.SpiffeId = "spiffe://example.org/admin"),
        Refused("a bundle that did not sign the SVID", s => s.Bundle = ByteString.CopyFrom(World.Partner.BundleDer)),
        Refused("an SVID that has expired", () => World.Message(World.Home.Leaf(l => l with { NotBefore = l.NotBefore.AddHours(-2), NotAfter = l.NotAfter.AddHours(-2) }))),
        Refused("an SVID that is a CA", () => World.Message(World.Home.Leaf(l => l with { Ca = true }))),
        Refused("an SVID that may sign", () => World.Message(World.Home.Leaf(l => l with { KeyUsage = X509KeyUsageFlags.DigitalSignature | X509KeyUsageFlags.KeyCertSign }))),
        Refused("an SVID without a path", () => World.Message(World.Home.Leaf(l => l with { Uris = ["spiffe://example.org"] }))),
        Refused("an SVID with two IDs", () => World.Message(World.Home.Leaf(l => l with { Uris = ["spiffe://example.org/new", "spiffe://example.org/admin"] }))),
    ];

    private static X509SVIDResponse Message(params TestSvid[] svids) => Message("", svids);

    private static X509SVIDResponse Message(string hint, params TestSvid[] svids)
    {
        var message = World.Message(svids[0]);
        foreach (var svid in svids[1..]) message.Svids.Add(svid.ToWire(World.Home.Authorities));
        foreach (var svid in message.Svids) svid.Hint = hint;
        return message;
    }

    private static X509SVIDResponse WithFederated(string trustDomain, byte[] der)
    {
        var message = World.Message(World.Home.Leaf("/new"));
        message.FederatedBundles[trustDomain] = ByteString.CopyFrom(der);
        return message;
    }

    private static ByteString Longer(ByteString bytes) => ByteString.CopyFrom([.. bytes.Span, 0]);

    private static ByteString Shorter(ByteString bytes) => ByteString.CopyFrom(bytes.Span[..^1]);
}
