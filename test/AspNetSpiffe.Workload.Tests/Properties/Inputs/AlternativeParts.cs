using System.Collections.Immutable;

namespace AspNetSpiffe.Workload.Tests.Properties;

/// <summary>One alternative of a pattern in its parts; a deep one ends with '**'.</summary>
internal sealed record AlternativeParts(string TrustDomain, ImmutableArray<string> Segments, bool Deep)
{
    /// <summary>Gives it with capitals where they mean nothing.</summary>
    public string InCapitals => $"SPIFFE://{TrustDomain.ToUpperInvariant()}{Path}";

    public override string ToString() => $"spiffe://{TrustDomain}{Path}";

    private string Path => string.Concat(Segments.Select(segment => $"/{segment}")) + (Deep ? "/**" : "");
}
