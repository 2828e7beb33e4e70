using System.Net;
using AspNetSpiffe;

namespace Mesh.Names;

/// <summary>How the registry runs.</summary>
internal sealed record RegistryOptions
{
    /// <summary>Gets the trust domain whose members may register, which is also the zone of DNS.</summary>
    public required TrustDomain TrustDomain { get; init; }

    /// <summary>Gets where services register.</summary>
    public IPEndPoint Bind { get; init; } = new(IPAddress.IPv6Loopback, 9090);

    /// <summary>Gets where DNS answers; with port 0, a free one.</summary>
    public IPEndPoint Dns { get; init; } = new(IPAddress.Loopback, 10053);

    /// <summary>Gets how many TCP connections DNS has at once; more wait to be accepted.</summary>
    public int DnsConnections { get; init; } = 64;

    /// <summary>Gets how long a TCP connection of DNS may take for its next query and the answer.</summary>
    public TimeSpan DnsTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Gets where the registry's X509-SVID comes from.</summary>
    public Action<SpiffeOptions> Identity { get; init; } = static _ => { };

    public Action<ILoggingBuilder> Logging { get; init; } = static logging => logging.AddMeshConsole("registry");

    public TimeProvider Time { get; init; } = TimeProvider.System;
}
