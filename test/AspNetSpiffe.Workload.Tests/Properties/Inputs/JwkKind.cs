namespace AspNetSpiffe.Workload.Tests.Properties;

/// <summary>An entry of a JWK Set but for its name, what becomes of it, and the key that it holds.</summary>
internal sealed record JwkKind(string Name, string Json, JwkFate Fate, string Spki = "");
