using System.Diagnostics.CodeAnalysis;
using AspNetSpiffe;

namespace Mesh;

/// <summary>The naming rule of the mesh: <c>service-a.example.org</c> is the name of <c>spiffe://example.org/service-a</c> only.</summary>
/// <remarks>So the SPIFFE ID alone determines who may register a name, and which server is expected for it.</remarks>
public static class MeshName
{
    private const int MaxLabelLength = 63;

    /// <summary>Returns the SPIFFE ID of the authority.</summary>
    public static SpiffeId AuthorityOf(TrustDomain trustDomain) => SpiffeId.Create(trustDomain, "authority");

    /// <summary>Returns the SPIFFE ID of the registry.</summary>
    public static SpiffeId RegistryOf(TrustDomain trustDomain) => SpiffeId.Create(trustDomain, "registry");

    /// <summary>Returns the name that a workload may register.</summary>
    /// <returns><see langword="false"/> for an ID without a name: its path is not a single DNS label.</returns>
    public static bool TryFromId(SpiffeId id, [NotNullWhen(true)] out string? name)
    {
        name = id.Segments is [var label] && IsLabel(label) ? $"{label}.{id.TrustDomain}" : null;
        return name is not null;
    }

    /// <summary>Returns the SPIFFE ID that a service with this name must have.</summary>
    /// <returns><see langword="false"/> for a name that is not a single lower-case label below the trust domain.</returns>
    public static bool TryGetId(string name, TrustDomain trustDomain, [NotNullWhen(true)] out SpiffeId? id)
    {
        id = name.IndexOf('.', StringComparison.Ordinal) is > 0 and var dot && name[(dot + 1)..] == trustDomain.Name && IsLabel(name[..dot])
            ? SpiffeId.Create(trustDomain, name[..dot])
            : null;
        return id is not null;
    }

    private static bool IsLabel(string text) =>
        text is { Length: > 0 and <= MaxLabelLength } && text[0] != '-' && text[^1] != '-' && text.All(static c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '-');
}
