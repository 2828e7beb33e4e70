namespace AspNetSpiffe.Workload.Tests.Properties;

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
        new("an escape that is not UTF-8", text => text + "%ff"),
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
        new("a port that is not a number", text => text + "a"),
        new("a port twice", text => text + ":80"),
        new("one slash", text => "tcp:/" + AuthorityOf(text)),
        new("no slashes", text => "tcp:" + AuthorityOf(text)),
    ];

    public override string ToString() => Name;

    private static string PathOf(string text) => text[text.IndexOf('/', StringComparison.Ordinal)..] is var rest && rest.StartsWith("//", StringComparison.Ordinal) ? rest[2..] : rest;

    private static string AuthorityOf(string text) => text["tcp://".Length..];

    private static string PortOf(string text) => text[text.LastIndexOf(':')..];
}
