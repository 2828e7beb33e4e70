using System.Net;
using AspNetSpiffe;

namespace Mesh.Authorities;

/// <summary>The settings of the authority.</summary>
internal sealed record AuthorityOptions
{
    public const string OperatorSocketName = "operator.sock";

    public required TrustDomain TrustDomain { get; init; }

    /// <summary>Gets the address for workloads.</summary>
    public IPEndPoint Listen { get; init; } = new(IPAddress.IPv6Loopback, 9000);

    /// <summary>Gets the folder of the operator's socket, accessible to this user only.</summary>
    public required string Folder { get; init; }

    public TimeSpan SvidLifetime { get; init; } = TimeSpan.FromHours(1);

    /// <summary>Gets the time after which a workload requests its next X509-SVID.</summary>
    public TimeSpan RenewAfter { get; init; } = TimeSpan.FromMinutes(20);

    public Action<ILoggingBuilder> Logging { get; init; } = static logging => logging.AddMeshConsole("authority");

    public string OperatorSocket => Path.Combine(Folder, OperatorSocketName);
}
