using AspNetSpiffe;

namespace Mesh.Service.Egress;

/// <summary>A service to call: its name, which is the SNI, and the one SPIFFE ID that may answer under it.</summary>
internal sealed record Destination(string Name, SpiffeId Id)
{
    /// <summary>Whom we expect, as the library takes it.</summary>
    public SpiffeIdPattern Expected { get; } = SpiffeIdPattern.Parse(Id.ToString());

    /// <summary>Finds the service of our own trust domain that a name means.</summary>
    /// <returns><see langword="null"/> for a name that is not one of the mesh.</returns>
    public static Destination? Find(string name, X509Source source) =>
        source.Current is { } context && MeshName.TryGetId(name, context.TrustDomain, out var id) ? new(name, id) : null;
}
