using System.Collections.Immutable;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
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

/// <summary>A character of a path, and how it is written in an address.</summary>
internal sealed record PathCharacter(string Meant, string Written)
{
    public static PathCharacter Escaped(string text, bool lower) =>
        new(text, string.Concat(Encoding.UTF8.GetBytes(text).Select(b => string.Format(CultureInfo.InvariantCulture, lower ? "%{0:x2}" : "%{0:X2}", b))));
}

/// <summary>A valid address of a Unix socket in its parts.</summary>
internal sealed record UnixParts(string Slashes, ImmutableArray<ImmutableArray<PathCharacter>> Segments)
{
    public string SocketPath => Joined(character => character.Meant);

    public string WrittenPath => Joined(character => character.Written);

    public override string ToString() => $"unix:{Slashes}{WrittenPath}";

    private string Joined(Func<PathCharacter, string> select) => string.Concat(Segments.Select(segment => "/" + string.Concat(segment.Select(select))));
}

/// <summary>A valid TCP address in its parts; IPv6 in its short form or spelled out.</summary>
internal sealed record TcpParts(IPAddress Ip, int Port, bool SpelledOut)
{
    public string Host => Ip.AddressFamily == AddressFamily.InterNetwork ? Ip.ToString() : $"[{(SpelledOut ? Groups : Ip.ToString())}]";

    public override string ToString() => $"tcp://{Host}:{Port}";

    private string Groups => string.Join(':', Ip.GetAddressBytes().Chunk(2).Select(pair => $"{(pair[0] << 8) | pair[1]:x}"));
}

/// <summary>A change that makes a valid address one that SPIFFE Workload Endpoint §4 forbids.</summary>
internal sealed record AddressMistake(string Name, Func<string, string> Spoil)
{
    private static readonly AddressMistake[] OfBoth =
    [
        new("a query", text => text + "?a=b"),
        new("an empty query", text => text + "?"),
        new("a fragment", text => text + "#a"),
        new("an empty fragment", text => text + "#"),
        new("another scheme", text => "http" + text[text.IndexOf(':', StringComparison.Ordinal)..]),
        new("no scheme", text => text[(text.IndexOf(':', StringComparison.Ordinal) + 1)..]),
        new("a space before", text => " " + text),
        new("a space after", text => text + " "),
        new("a line end", text => text + "\n"),
        new("no ASCII", text => text + "é"),
    ];

    public static AddressMistake[] OfUnix { get; } =
    [
        .. OfBoth,
        new("an authority", text => "unix://host" + PathOf(text)),
        new("an authority with a port", text => "unix://127.0.0.1:80" + PathOf(text)),
        new("a user", text => "unix://user@" + PathOf(text)),
        new("a user at a host", text => "unix://user:password@host" + PathOf(text)),
        new("a relative path", text => "unix:" + PathOf(text)[1..]),
        new("a relative path after two slashes", text => "unix://" + PathOf(text)[1..]),
        new("a path with a dot before", text => "unix:." + PathOf(text)),
        new("no path", _ => "unix:"),
        new("no path after two slashes", _ => "unix://"),
        new("the root as path", _ => "unix:///"),
        new("half an escape", text => text + "%4"),
        new("an escape of no number", text => text + "%zz"),
        new("an escape of a sign", text => text + "%+1"),
        new("an escaped zero", text => text + "%00"),
        new("an escape that is no UTF-8", text => text + "%ff"),
        new("a path too long for a socket", text => text + "/" + new string('x', 107)),
    ];

    public static AddressMistake[] OfTcp { get; } =
    [
        .. OfBoth,
        new("a trailing slash", text => text + "/"),
        new("a path", text => text + "/a"),
        new("a user", text => "tcp://user@" + AuthorityOf(text)),
        new("a user with a password", text => "tcp://user:password@" + AuthorityOf(text)),
        new("an empty user", text => "tcp://@" + AuthorityOf(text)),
        new("a host name", text => "tcp://localhost" + PortOf(text)),
        new("a host name of digits", text => "tcp://1" + PortOf(text)),
        new("an address with a leading zero", text => "tcp://127.0.0.01" + PortOf(text)),
        new("an address in hexadecimal", text => "tcp://0x7f.0.0.1" + PortOf(text)),
        new("IPv4 in brackets", text => "tcp://[127.0.0.1]" + PortOf(text)),
        new("IPv6 without brackets", text => "tcp://::1" + PortOf(text)),
        new("IPv6 with a zone", text => "tcp://[fe80::1%251]" + PortOf(text)),
        new("brackets twice", text => "tcp://[[::1]]" + PortOf(text)),
        new("no host", text => "tcp://" + PortOf(text)),
        new("no port", text => text[..text.LastIndexOf(':')]),
        new("an empty port", text => text[..(text.LastIndexOf(':') + 1)]),
        new("the port zero", text => text[..text.LastIndexOf(':')] + ":0"),
        new("a port too high", text => text[..text.LastIndexOf(':')] + ":65536"),
        new("a port with a sign", text => text.Insert(text.LastIndexOf(':') + 1, "+")),
        new("a port that is no number", text => text + "a"),
        new("a port twice", text => text + ":80"),
        new("one slash", text => "tcp:/" + AuthorityOf(text)),
        new("no slashes", text => "tcp:" + AuthorityOf(text)),
    ];

    public override string ToString() => Name;

    private static string PathOf(string text) => text[text.IndexOf('/', StringComparison.Ordinal)..] is var rest && rest.StartsWith("//", StringComparison.Ordinal) ? rest[2..] : rest;

    private static string AuthorityOf(string text) => text["tcp://".Length..];

    private static string PortOf(string text) => text[text.LastIndexOf(':')..];
}
