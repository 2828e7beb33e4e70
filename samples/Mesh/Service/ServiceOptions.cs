using System.Collections.Immutable;
using System.Net;
using AspNetSpiffe;
using Mesh.Service.Egress;

namespace Mesh.Service;

/// <summary>What one service of the mesh is told. What is left out, it does not do.</summary>
internal sealed record ServiceOptions
{
    /// <summary>Says where the SVID comes from.</summary>
    public required Action<SpiffeOptions> Identity { get; init; }

    public required Action<ILoggingBuilder> Logging { get; init; }

    /// <summary>Where the API listens, and the loopback ports of the egress.</summary>
    public IPAddress BindIp { get; init; } = IPAddress.Loopback;

    public int Port { get; init; } = 9005;

    /// <summary>The name that the service expects to have. Its SPIFFE ID decides; another name here fails the start.</summary>
    public string? Sni { get; init; }

    /// <summary>The Unix socket of the HTTP egress.</summary>
    public string? EgressSocket { get; init; }

    /// <summary>The port of the HTTP egress.</summary>
    public int? ProxyPort { get; init; }

    /// <summary>The port of the gRPC egress.</summary>
    public int? GrpcProxyPort { get; init; }

    /// <summary>The addresses of the L4 egress, each with the one service that it leads to.</summary>
    public ImmutableArray<TcpRoute> TcpRoutes { get; init; } = [];

    /// <summary>The SNI router, through which every call of the egress goes.</summary>
    public EndPoint Router { get; init; } = new IPEndPoint(IPAddress.Loopback, 8443);

    public Uri? Registry { get; init; }

    /// <summary>For how long a registration is valid; it is renewed at a third of this.</summary>
    public TimeSpan Lease { get; init; } = TimeSpan.FromSeconds(10);

    public bool HasEgress => EgressSocket is not null || ProxyPort is not null || GrpcProxyPort is not null || !TcpRoutes.IsEmpty;

    /// <exception cref="ArgumentException">Something cannot be done as it is said.</exception>
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
