using System.Net;

namespace Mesh.Service.Egress;

/// <summary>An address of the L4 egress, and the destination of its connections.</summary>
internal sealed record TcpRoute(EndPoint Listen, string Name)
{
    /// <summary>Reads <c>127.0.0.2:50075=service-b.example.org</c> or <c>unix:/path=service-b.example.org</c>.</summary>
    /// <exception cref="FormatException">The text is not a route.</exception>
    public static TcpRoute Parse(string text) =>
        text.LastIndexOf('=') is >= 0 and var at && MeshAddress.Parse(text[..at], mayBeAnyPort: true) is not DnsEndPoint and var listen
            ? new(listen, text[(at + 1)..])
            : throw new FormatException($"'{text}' is not a route; write ADDRESS=NAME, for example 127.0.0.2:50075=service-b.example.org.");
}
