using System.Net;
using System.Net.Sockets;

namespace Mesh.Service.Egress;

/// <summary>An address of the L4 egress, and the service that all its connections lead to: <c>127.0.0.2:50075=service-b.example.org</c> or <c>unix:/path=service-b.example.org</c>.</summary>
internal sealed record TcpRoute(EndPoint Listen, string Name)
{
    public static TcpRoute? Parse(string text) =>
        text.LastIndexOf('=') is > 0 and var at && MeshAddress.Parse(text[..at], mayBeAnyPort: true) is IPEndPoint or UnixDomainSocketEndPoint
            ? new(MeshAddress.Parse(text[..at], mayBeAnyPort: true)!, text[(at + 1)..])
            : null;
}
