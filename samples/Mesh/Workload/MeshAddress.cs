using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Mesh;

/// <summary>Addresses in options and requests: <c>127.0.0.1:8443</c>, <c>[::1]:8443</c>, <c>localhost:8443</c> or <c>unix:/path</c>.</summary>
public static class MeshAddress
{
    private const string Unix = "unix:";

    // The limit of Linux.
    private const int MaxPathBytes = 107;

    /// <summary>Parses an address.</summary>
    /// <param name="text">The address.</param>
    /// <param name="mayBeAnyPort">Whether the port may be 0.</param>
    /// <exception cref="FormatException">The text is not an address.</exception>
    public static EndPoint Parse(string text, bool mayBeAnyPort = false) =>
        text.StartsWith(Unix, StringComparison.Ordinal) ? ParsePath(text[Unix.Length..])
        : text.LastIndexOf(':') is > 0 and var colon && ushort.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var port) && (port > 0 || mayBeAnyPort) ? ParseHost(text[..colon], port)
        : throw Mistake(text);

    /// <summary>Connects, and returns the plain connection.</summary>
    public static async ValueTask<Stream> ConnectAsync(EndPoint address, CancellationToken cancellationToken)
    {
        var socket = address is UnixDomainSocketEndPoint
            ? new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified)
            : new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(address, cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static UnixDomainSocketEndPoint ParsePath(string path) =>
        path is ['/', ..] && System.Text.Encoding.UTF8.GetByteCount(path) <= MaxPathBytes && !path.Contains('\0', StringComparison.Ordinal) ? new(path) : throw Mistake($"{Unix}{path}");

    private static EndPoint ParseHost(string host, int port) => host switch
    {
        ['[', .. var inner, ']'] when IPAddress.TryParse(inner, out var v6) && v6.AddressFamily == AddressFamily.InterNetworkV6 => new IPEndPoint(v6, port),
        _ when IPAddress.TryParse(host, out var v4) && v4.ToString() == host && v4.AddressFamily == AddressFamily.InterNetwork => new IPEndPoint(v4, port),
        _ when Uri.CheckHostName(host) == UriHostNameType.Dns => new DnsEndPoint(host, port),
        _ => throw Mistake($"{host}:{port}"),
    };

    private static FormatException Mistake(string text) => new($"'{text}' is not an address; write 127.0.0.1:8443, [::1]:8443, localhost:8443 or unix:/path.");
}
