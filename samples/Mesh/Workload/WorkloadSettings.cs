using System.Reflection;
using AspNetSpiffe;

namespace Mesh;

/// <summary>The settings of a workload before it has an identity.</summary>
public sealed record WorkloadSettings
{
    /// <summary>Gets the trust domain of the mesh.</summary>
    public required TrustDomain TrustDomain { get; init; }

    /// <summary>Gets the address of the authority.</summary>
    public required string Authority { get; init; }

    /// <summary>Gets the folder of this workload.</summary>
    public required WorkloadFolder Folder { get; init; }

    /// <summary>Gets the file of the program that the platform measures.</summary>
    public string Program { get; init; } = Assembly.GetEntryAssembly()!.Location;
}
