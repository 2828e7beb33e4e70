using System.Collections.Immutable;
using System.Net;
using AspNetSpiffe;
using Mesh.Service.Egress;

namespace Mesh.Service;

/// <summary>The settings of one service of the mesh. Features without settings are off.</summary>
internal sealed record ServiceOptions
{
    /// <summary>Sets the origin of the SVID.</summary>
    public required Action<SpiffeOptions> Identity { get; init; }

    public required Action<ILoggingBuilder> Logging { get; init; }

    /// <summary>The address of the API and of the TCP ports of the egress.</summary>
    public IPAddress BindIp { get; init; } = IPAddress.Loopback;

    public int Port { get; init; } = 9005;

    /// <summary>The expected name of the service. The name is derived from its SPIFFE ID; a different value fails the start.</summary>
    public string? Sni { get; init; }

    /// <summary>The Unix socket of the HTTP egress.</summary>
    public string? EgressSocket { get; init; }

    /// <summary>The port of the HTTP egress.</summary>
    public int? ProxyPort { get; init; }

    /// <summary>The port of the gRPC egress.</summary>
    public int? GrpcProxyPort { get; init; }

    /// <summary>The addresses of the L4 egress, each with its destination.</summary>
    public ImmutableArray<TcpRoute> TcpRoutes { get; init; } = [];

    /// <summary>The SNI router for all calls of the egress.</summary>
    public EndPoint Router { get; init; } = new IPEndPoint(IPAddress.Loopback, 8443);

    public Uri? Registry { get; init; }

    /// <summary>The lease of a registration; it is renewed after a third of it.</summary>
    public TimeSpan Lease { get; init; } = TimeSpan.FromSeconds(10);

    public bool HasEgress => EgressSocket is not null || ProxyPort is not null || GrpcProxyPort is not null || !TcpRoutes.IsEmpty;

    /// <exception cref="ArgumentException">A setting is invalid.</exception>
    public void RequireValid()
    {
        if (HasEgress && !OperatingSystem.IsLinux()) throw new ArgumentException("The egress needs Linux, which tells whose the other end of a connection is. Leave its options out.");
        if ((ProxyPort ?? GrpcProxyPort) is not null && !IPAddress.IsLoopback(BindIp))
            throw new ArgumentException($"--bind-ip: {BindIp} is not a loopback address, so the egress cannot be on it: other machines have other users. Use --egress-socket, or a loopback address.");
        foreach (var route in TcpRoutes)
            if (route.Listen is IPEndPoint listen && !IPAddress.IsLoopback(listen.Address))
                throw new ArgumentException($"--tcp-egress: {listen} is not a loopback address. Use one, or a Unix socket: unix:/path={route.Name}.");
        if (Registry is not null and not { Scheme: "https" }) throw new ArgumentException($"--registry-addr: '{Registry}' is not an https address; the registry speaks mutual TLS only.");
        if (Registry is not null && (BindIp.Equals(IPAddress.Any) || BindIp.Equals(IPAddress.IPv6Any)))
            throw new ArgumentException($"--bind-ip: {BindIp} cannot be registered; give the address that others reach.");
        if (Lease < TimeSpan.FromSeconds(1) || Lease > TimeSpan.FromMinutes(5)) throw new ArgumentException($"--lease: {Lease.TotalSeconds} seconds; give 1 to 300, which the registry takes.");
    }
}
