using FsCheck;
using FsCheck.Fluent;

namespace AspNetSpiffe.Workload.Tests.Properties;

internal static partial class Inputs
{
    // Around 16 KiB, the length of a frame of HTTP/2, 32 KiB, and more than a window of 64 KiB.
    private static readonly Gen<int> BodyLengths = Gen.Frequency((6, Gen.Choose(0, 300)), (1, Gen.Choose(16_370, 16_390)), (1, Gen.Choose(32_750, 32_770)), (1, Gen.Choose(60_000, 90_000)));

    public static Arbitrary<StreamParts> Streams =>
        Arb.From(
            from count in Gen.Choose(0, 4)
            from lengths in BodyLengths.ArrayOf(count)
            from cuts in Gen.OneOf(Gen.Choose(1, 8), Gen.Choose(1, 20_000)).NonEmptyListOf()
            from anywhere in Gen.Frequency((3, Gen.Choose(0, int.MaxValue)), (1, Gen.Choose(0, 10)))
            select new StreamParts([.. lengths], [.. cuts], anywhere),
            ShrinkStream);

    /// <summary>Lengths above those that a client takes, and below; more than the thousand bytes that follow.</summary>
    public static Arbitrary<uint> AnnouncedLengths =>
        Arb.From(
            Gen.OneOf(Gen.Choose(1001, int.MaxValue).Select(length => (uint)length), Gen.Choose(0, int.MaxValue).Select(length => uint.MaxValue - (uint)length), Gen.Choose(-2, 2).Select(more => (uint)((uint)SpiffeLimits.Default.MaxMessageBytes + more))),
            length => new uint[] { 1001, (uint)SpiffeLimits.Default.MaxMessageBytes + 1, length / 2, length - 1 }.Where(smaller => smaller > 1000 && smaller < length));

    private static IEnumerable<StreamParts> ShrinkStream(StreamParts parts) =>
        Shrink.List(parts.Lengths, Shrink.Number).Select(lengths => parts with { Lengths = lengths, Anywhere = parts.At })
            .Concat(Shrink.List(parts.Cuts, cut => Shrink.Number(cut).Where(smaller => smaller > 0)).Where(cuts => !cuts.IsEmpty).Select(cuts => parts with { Cuts = cuts }))
            .Concat(Shrink.Number(parts.At).Select(at => parts with { Anywhere = at }));
}
