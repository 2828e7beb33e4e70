using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Mesh.Service.Egress;

/// <summary>Addresses as the options and requests have them: <c>127.0.0.1:8443</c>, <c>[::1]:8443</c>, <c>localhost:8443</c> or <c>unix:/path</c>.</summary>
internal static class MeshAddress
{
    private const string Unix = "unix:";
    private const int MaxPathLength = 107;

    /// <summary>Reads an address.</summary>
    /// <returns><see langword="null"/> for a text that is none.</returns>
    public static EndPoint? Parse(string text, bool mayBeAnyPort = false)
    {
        if (text.StartsWith(Unix, StringComparison.Ordinal))
            return text[Unix.Length..] is ['/', ..] path && path.Length <= MaxPathLength && !path.Contains('\0', StringComparison.Ordinal) ? new UnixDomainSocketEndPoint(path) : null;

        var colon = text.LastIndexOf(':');
        if (colon <= 0 || !ushort.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var port) || (port == 0 && !mayBeAnyPort)) return null;

        var host = text[..colon];
        if (host is ['[', .. var inner, ']']) return IPAddress.TryParse(inner, out var v6) && v6.AddressFamily == AddressFamily.InterNetworkV6 ? new IPEndPoint(v6, port) : null;
        return IPAddress.TryParse(host, out var v4) && v4.ToString() == host ? new IPEndPoint(v4, port)
            : Uri.CheckHostName(host) == UriHostNameType.Dns ? new DnsEndPoint(host, port)
            : null;
    }

    /// <summary>Connects to an address, and gives the plain connection.</summary>
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
}
