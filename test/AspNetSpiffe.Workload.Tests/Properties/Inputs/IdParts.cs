using System.Collections.Immutable;

namespace AspNetSpiffe.Workload.Tests.Properties;

/// <summary>A SPIFFE ID in its parts.</summary>
internal sealed record IdParts(string TrustDomain, ImmutableArray<string> Segments)
{
    public string Path => string.Concat(Segments.Select(segment => $"/{segment}"));

    /// <summary>Gives the ID with a last segment that makes it as long as wanted.</summary>
    public IdParts FilledTo(int length) => this with { Segments = Segments.Add(new string('x', length - ToString().Length - 1)) };

    public override string ToString() => $"spiffe://{TrustDomain}{Path}";
}
