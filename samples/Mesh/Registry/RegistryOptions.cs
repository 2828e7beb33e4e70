using System.Net;
using AspNetSpiffe;

namespace Mesh.Names;

/// <summary>The settings of the registry.</summary>
internal sealed record RegistryOptions
{
    /// <summary>Gets the trust domain whose members may register, which is also the zone of DNS.</summary>
    public required TrustDomain TrustDomain { get; init; }

    /// <summary>Gets the address for registrations.</summary>
    public IPEndPoint Bind { get; init; } = new(IPAddress.IPv6Loopback, 9090);

    /// <summary>Gets the address of the DNS server; with port 0, a free one.</summary>
    public IPEndPoint Dns { get; init; } = new(IPAddress.Loopback, 10053);

    /// <summary>Gets the maximum number of concurrent TCP connections of DNS; further ones wait to be accepted.</summary>
    public int DnsConnections { get; init; } = 64;

    /// <summary>Gets the timeout of a TCP connection of DNS for the next query and its response.</summary>
    public TimeSpan DnsTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Gets the origin of the registry's X509-SVID.</summary>
    public Action<SpiffeOptions> Identity { get; init; } = static _ => { };

    public Action<ILoggingBuilder> Logging { get; init; } = static logging => logging.AddMeshConsole("registry");

    public TimeProvider Time { get; init; } = TimeProvider.System;
}
