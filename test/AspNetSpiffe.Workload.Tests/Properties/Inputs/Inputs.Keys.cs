using System.Buffers.Text;
using System.Collections.Immutable;
using System.Security.Cryptography;
using AspNetSpiffe.Workload.Tests.Bundles;
using FsCheck;
using FsCheck.Fluent;

namespace AspNetSpiffe.Workload.Tests.Properties;

internal static partial class Inputs
{
    private static readonly ImmutableArray<JwkKind> JwkKinds = MakeKinds();

    private static readonly Gen<JwkSetParts> JwkSetParts =
        from count in Gen.Choose(0, 6)
        from entries in (from kind in Gen.Elements(JwkKinds.AsEnumerable()) from kid in Gen.Elements("k1", "k2", "K1", "é", "k3") select new JwkEntry(kind, kid)).ArrayOf(count)
        from other in Gen.Elements("", ",\"spiffe_sequence\":-1,\"spiffe_refresh_hint\":\"soon\"", ",\"Keys\":null,\"more\":{\"keys\":[]}")
        select new JwkSetParts([.. entries], other);

    public static Arbitrary<JwkSetParts> JwkSets =>
        Arb.From(JwkSetParts, set => Shrink.List(set.Entries).Select(entries => set with { Entries = entries }).Concat(set.Other.Length > 0 ? [set with { Other = "" }] : []));

    public static Arbitrary<string> ChangedJwkSets => Arb.From(JwkSetParts.SelectMany(set => Changed(set.Document, JsonSnippets)), Shrink.Text);

    private static ImmutableArray<JwkKind> MakeKinds()
    {
        using var p256 = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var p384 = ECDsa.Create(ECCurve.NamedCurves.nistP384);
        using var p521 = ECDsa.Create(ECCurve.NamedCurves.nistP521);
        using var rsa = RSA.Create(2048);
        var modulus = rsa.ExportParameters(false).Modulus!;
        var valid = TestJwk.Ec("{kid}", p256);
        return
        [
            new("P-256", valid, JwkFate.Kept, Spki(p256)),
            new("P-384", TestJwk.Ec("{kid}", p384, "P-384"), JwkFate.Kept, Spki(p384)),
            new("P-521", TestJwk.Ec("{kid}", p521, "P-521"), JwkFate.Kept, Spki(p521)),
            new("RSA", TestJwk.Rsa("{kid}", modulus, [1, 0, 1]), JwkFate.Kept, Spki(rsa)),
            new("more members", valid.Replace("{\"kty\"", "{\"alg\":\"ES256\",\"x5c\":[1],\"ext\":{\"kty\":\"x\"},\"kty\"", StringComparison.Ordinal), JwkFate.Kept, Spki(p256)),
            new("no use", Without(valid, "use"), JwkFate.KeptWithoutUse, Spki(p256)),
            new("x509-svid", TestJwk.Ec("{kid}", p256, use: "x509-svid"), JwkFate.Passed),
            new("wit-svid", TestJwk.Ec("{kid}", p256, use: "wit-svid"), JwkFate.Passed),
            new("unknown use", TestJwk.Ec("{kid}", p256, use: "sig"), JwkFate.LeftOut),
            new("use in capitals", TestJwk.Ec("{kid}", p256, use: "JWT-SVID"), JwkFate.LeftOut),
            new("unknown kty", valid.Replace("\"EC\"", "\"OKP\"", StringComparison.Ordinal), JwkFate.LeftOut),
            new("no kty", Without(valid, "kty"), JwkFate.LeftOut),
            new("no kid", Without(valid, "kid"), JwkFate.LeftOut),
            new("kid of half a character", valid.Replace("{kid}", "\\ud800", StringComparison.Ordinal), JwkFate.LeftOut),
            new("another curve", TestJwk.Ec("{kid}", p256, "P-384"), JwkFate.LeftOut),
            new("unknown curve", TestJwk.Ec("{kid}", p256, "secp256k1"), JwkFate.LeftOut),
            new("no point", valid.Replace("\"x\":\"", "\"x\":\"" + Base64Url.EncodeToString(new byte[32]) + "\",\"z\":\"", StringComparison.Ordinal), JwkFate.LeftOut),
            new("short RSA", TestJwk.Rsa("{kid}", modulus[..128], [1, 0, 1]), JwkFate.LeftOut),
            new("RSA that anybody signs", TestJwk.Rsa("{kid}", modulus, [1]), JwkFate.LeftOut),
            new("text", "\"{kid}\"", JwkFate.LeftOut),
            new("null", "null", JwkFate.LeftOut),
            new("empty object", "{}", JwkFate.LeftOut),
        ];
    }

    // The last member has no comma after it, and is none of those that a test takes out.
    private static string Without(string jwk, string name)
    {
        var start = jwk.IndexOf($"\"{name}\":", StringComparison.Ordinal);
        return jwk.Remove(start, jwk.IndexOf(',', start) + 1 - start);
    }

    private static string Spki(AsymmetricAlgorithm key) => Convert.ToHexString(key.ExportSubjectPublicKeyInfo());
}
