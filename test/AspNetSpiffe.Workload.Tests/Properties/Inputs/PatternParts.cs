using System.Collections.Immutable;

namespace AspNetSpiffe.Workload.Tests.Properties;

/// <summary>A pattern in its parts.</summary>
internal sealed record PatternParts(ImmutableArray<AlternativeParts> Alternatives)
{
    public override string ToString() => string.Join(',', Alternatives);
}
