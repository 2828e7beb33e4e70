namespace AspNetSpiffe.Workload.Tests.Properties;

/// <summary>An entry of a JWK Set.</summary>
internal sealed record JwkEntry(JwkKind Kind, string Kid)
{
    public string Json => Kind.Json.Replace("{kid}", Kid, StringComparison.Ordinal);

    public bool IsKept(bool acceptMissingUse) => Kind.Fate == JwkFate.Kept || (Kind.Fate == JwkFate.KeptWithoutUse && acceptMissingUse);

    public override string ToString() => $"{Kind.Name} '{Kid}'";
}
