using System.Collections.Immutable;
using AspNetSpiffe.TestKit;
using FsCheck;
using FsCheck.Fluent;

namespace AspNetSpiffe.Workload.Tests.Properties;

internal static partial class Inputs
{
    private static readonly ImmutableArray<OwnSvid> OwnSvids = MakeSvids();
    private static readonly ImmutableArray<ForeignBundle> ForeignBundles = MakeBundles();

    private static readonly Gen<SvidPart> SvidParts =
        from svid in Gen.Elements(OwnSvids.AsEnumerable())
        from hint in Gen.Elements("", "", "internal", "external", "Internal", "é\n")
        select new SvidPart(svid, hint);

    private static readonly Gen<MessageParts> MessageParts =
        from count in Gen.Choose(1, 4)
        from svids in SvidParts.ArrayOf(count)
        from bundles in Gen.SubListOf(ForeignBundles.AsEnumerable())
        from order in Gen.Shuffle<ForeignBundle>(bundles)
        select new MessageParts([.. svids], [.. order]);

    public static Arbitrary<MessageParts> Messages => Arb.From(MessageParts, ShrinkMessage);

    /// <summary>A message, and which field of which SVID is to be empty.</summary>
    public static Arbitrary<(MessageParts Message, int Svid, MandatoryField Field)> MessagesAndFields =>
        Arb.From(
            from message in MessageParts
            from svid in Gen.Choose(0, message.Svids.Length - 1)
            from emptied in Gen.Elements(MandatoryField.All)
            select (message, svid, emptied),
            input => ShrinkMessage(input.message).Select(message => (message, Math.Min(input.svid, message.Svids.Length - 1), input.emptied)));

    /// <summary>Federated bundles as no agent would send them: many, with any key, and with bytes that are certificates or not.</summary>
    public static Arbitrary<CrowdParts> Crowds =>
        Arb.From(
            from count in Gen.Choose(0, 400)
            from keys in Gen.OneOf(Gen.Constant("spiffe://td{0}"), Gen.Constant("{0}"), Gen.Constant("\n{0}é"), Text(SegmentCharacters, 300, 600).Select(text => text + "{0}"))
            from der in Gen.OneOf(Gen.Elements<byte[]>([], [0], [0x30, 0]), Gen.Elements(Certificates.AsEnumerable()).Select(certificate => certificate.Certificate.RawData))
            select new CrowdParts(count, keys, [.. der]),
            crowd => Shrink.Number(crowd.Count).Select(count => crowd with { Count = count }));

    /// <summary>Gets a message of one SVID.</summary>
    public static MessageParts Alone => new([new(OwnSvids[0], "")], []);

    private static IEnumerable<MessageParts> ShrinkMessage(MessageParts message) =>
        Shrink.List(message.Svids, part => part.Hint.Length > 0 ? [part with { Hint = "" }] : []).Where(svids => !svids.IsEmpty).Select(svids => message with { Svids = svids })
            .Concat(Shrink.List(message.Federated).Select(bundles => message with { Federated = bundles }));

    private static ImmutableArray<OwnSvid> MakeSvids()
    {
        var (deep, flat) = (new TestPki("td", intermediates: 1), new TestPki("own"));
        return
        [
            new(deep.Leaf("/a"), deep),
            new(deep.Leaf("/b"), deep),
            new(deep.Leaf(leaf => leaf with { Uris = ["spiffe://td/rsa"], Key = KeyKind.Rsa2048 }), deep),
            new(flat.Leaf("/a"), flat),
            new(flat.Leaf(leaf => leaf with { Uris = ["spiffe://own/p384"], Key = KeyKind.P384 }), flat),
        ];
    }

    private static ImmutableArray<ForeignBundle> MakeBundles() =>
    [
        new("spiffe://td", new TestPki("td").BundleDer),
        new("spiffe://own", new TestPki("own").BundleDer),
        new("spiffe://other", new TestPki("other").BundleDer),
        new("spiffe://rsa", new TestPki("rsa", root: root => root with { Key = KeyKind.Rsa2048 }).BundleDer),
        new("spiffe://nobody", []),
    ];
}
