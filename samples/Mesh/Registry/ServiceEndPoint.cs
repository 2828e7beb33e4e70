using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Sockets;

namespace Mesh.Names;

/// <summary>The endpoint of an instance of a service: <c>127.0.0.3:9005</c> or <c>[::1]:9005</c>.</summary>
internal static class ServiceEndPoint
{
    private const byte FirstMulticast = 224;

    /// <summary>Formats an address and a port in the form of <see cref="TryParse"/>.</summary>
    public static string Join(string address, uint port) => address.Contains(':', StringComparison.Ordinal) ? $"[{address}]:{port}" : $"{address}:{port}";

    public static bool TryParse(string text, [NotNullWhen(true)] out IPEndPoint? endpoint, [NotNullWhen(false)] out string? mistake)
    {
        // IPEndPoint also accepts '1', '0x7f.1' and '127.0.0.1' without a port; here only the canonical form is valid.
        mistake = !IPEndPoint.TryParse(text, out var parsed) || parsed.ToString() != text || parsed.Port == 0
            ? "is not an IP address in its shortest form and a port from 1 to 65535, such as '127.0.0.3:9005' or '[::1]:9005'"
            : parsed.Address switch
            {
                { AddressFamily: AddressFamily.InterNetworkV6, ScopeId: not 0 } => "has a scope, which only its own host knows",
                { IsIPv4MappedToIPv6: true } => "is an IPv4 address in the form of IPv6",
                var address when !IsUnicast(address) => "is not the address of one host",
                _ => null,
            };
        if (mistake is not null) mistake = $"The endpoint '{Refusal.Shorten(text)}' {mistake}.";
        endpoint = mistake is null ? parsed! : null;
        return mistake is null;
    }

    // RFC 1122 §3.2.1.3, RFC 5771, RFC 4291 §2.4: not 'this network', multicast, reserved or broadcast addresses.
    private static bool IsUnicast(IPAddress address) =>
        address.AddressFamily == AddressFamily.InterNetwork
            ? address.GetAddressBytes()[0] is > 0 and < FirstMulticast
            : !address.Equals(IPAddress.IPv6Any) && !address.IsIPv6Multicast;
}
