using System.Collections.Immutable;
using System.Text;

namespace AspNetSpiffe.Workload.Tests.Properties;

/// <summary>A JWK Set in its entries, with members that are not ours.</summary>
internal sealed record JwkSetParts(ImmutableArray<JwkEntry> Entries, string Other)
{
    public string Document => $"{{\"keys\":[{string.Join(',', Entries.Select(entry => entry.Json))}]{Other}}}";

    public byte[] Bytes => Encoding.UTF8.GetBytes(Document);

    public override string ToString() => $"[{string.Join(", ", Entries)}]{Other}";
}
