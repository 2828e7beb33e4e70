using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using FsCheck;
using FsCheck.Fluent;

namespace AspNetSpiffe.Workload.Tests.Properties;

internal static partial class Inputs
{
    // RFC 3986: what a path may hold as it stands; everything else only as %XX.
    private const string PathCharacters = "abcXYZ019-._~!$&'()*+,;=:@";

    private static readonly Gen<PathCharacter> WrittenCharacters = Gen.Frequency(
        (8, Gen.Elements(PathCharacters.AsEnumerable()).Select(c => new PathCharacter(c.ToString(), c.ToString()))),
        (1, from text in Gen.Elements(" ", "?", "#", "%", "/", "a", "é", "日", "😀") from lower in Gen.Elements(true, false) select PathCharacter.Escaped(text, lower)));

    private static readonly Gen<UnixParts> UnixAddressParts =
        from slashes in Gen.Elements("", "//")
        from count in Gen.Choose(1, 4)
        from segments in (from length in Gen.Choose(1, 6) from characters in WrittenCharacters.ArrayOf(length) select characters.ToImmutableArray()).ArrayOf(count)
        select new UnixParts(slashes, [.. segments]);

    private static readonly Gen<TcpParts> TcpAddressParts =
        from bytes in Gen.OneOf(Bytes(4), Bytes(16), Gen.Elements(IPAddress.Loopback, IPAddress.IPv6Loopback, IPAddress.Any, IPAddress.IPv6Any, IPAddress.Parse("::ffff:1.2.3.4")).Select(ip => ip.GetAddressBytes()))
        from port in Gen.Frequency((4, Gen.Choose(1, ushort.MaxValue)), (1, Gen.Elements(1, 80, ushort.MaxValue)))
        from spelledOut in Gen.Elements(true, false)
        select new TcpParts(new IPAddress(bytes), port, spelledOut);

    public static Arbitrary<UnixParts> UnixAddresses => Arb.From(UnixAddressParts, ShrinkUnix);

    public static Arbitrary<TcpParts> TcpAddresses => Arb.From(TcpAddressParts, ShrinkTcp);

    public static Arbitrary<(UnixParts Valid, AddressMistake Mistake)> SpoiledUnixAddresses =>
        Arb.From(UnixAddressParts.Zip(Gen.Elements(AddressMistake.OfUnix)), pair => ShrinkUnix(pair.Item1).Select(valid => (valid, pair.Item2)));

    public static Arbitrary<(TcpParts Valid, AddressMistake Mistake)> SpoiledTcpAddresses =>
        Arb.From(TcpAddressParts.Zip(Gen.Elements(AddressMistake.OfTcp)), pair => ShrinkTcp(pair.Item1).Select(valid => (valid, pair.Item2)));

    /// <summary>Addresses with any change, of which nobody says whether it is allowed.</summary>
    public static Arbitrary<string> NearlyAddresses =>
        Arb.From(Nearly(Gen.OneOf(UnixAddressParts.Select(parts => parts.ToString()), TcpAddressParts.Select(parts => parts.ToString()))), Shrink.Text);

    private static Gen<byte[]> Bytes(int count) => Gen.Choose(0, 255).Select(number => (byte)number).ArrayOf(count);

    private static IEnumerable<UnixParts> ShrinkUnix(UnixParts address) =>
        Shrink.List(address.Segments, segment => Shrink.List(segment).Where(smaller => !smaller.IsEmpty))
            .Where(segments => !segments.IsEmpty)
            .Select(segments => address with { Segments = segments });

    private static IEnumerable<TcpParts> ShrinkTcp(TcpParts address)
    {
        if (address.Port != 1) yield return address with { Port = 1 };
        var loopback = address.Ip.AddressFamily == AddressFamily.InterNetwork ? IPAddress.Loopback : IPAddress.IPv6Loopback;
        if (!address.Ip.Equals(loopback)) yield return address with { Ip = loopback };
    }
}
