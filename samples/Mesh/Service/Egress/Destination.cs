using AspNetSpiffe;

namespace Mesh.Service.Egress;

/// <summary>A service to call: its name, which is the SNI, and its expected SPIFFE ID.</summary>
internal sealed record Destination(string Name, SpiffeId Id)
{
    /// <summary>Gets the expected server as a pattern.</summary>
    public SpiffeIdPattern Expected { get; } = SpiffeIdPattern.Parse(Id.ToString());

    /// <summary>Finds the service of our own trust domain with a name.</summary>
    /// <returns><see langword="null"/> for a name outside the mesh.</returns>
    public static Destination? Find(string name, X509Source source) =>
        source.Current is { } context && MeshName.TryGetId(name, context.TrustDomain, out var id) ? new(name, id) : null;
}
