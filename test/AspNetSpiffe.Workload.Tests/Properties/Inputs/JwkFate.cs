namespace AspNetSpiffe.Workload.Tests.Properties;

/// <summary>What becomes of an entry of a JWK Set.</summary>
internal enum JwkFate
{
    Kept,
    KeptWithoutUse,
    Passed,
    LeftOut,
}
