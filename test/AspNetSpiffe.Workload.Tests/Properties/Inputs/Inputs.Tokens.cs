using AspNetSpiffe.TestKit;
using FsCheck;
using FsCheck.Fluent;

namespace AspNetSpiffe.Workload.Tests.Properties;

internal static partial class Inputs
{
    private const string Base64UrlCharacters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

    private static readonly Gen<string> TokenCharacters =
        Gen.Frequency((4, Gen.Elements(Base64UrlCharacters.Select(c => c.ToString()))), (1, Gen.Elements(".", "=", "+", "/", " ", "\n", "\0", "é", "{")));

    // What breaks JSON, or changes what it says.
    private static readonly Gen<string> JsonSnippets = Gen.Elements(
        "\"", "\\", "\\u0000", "\\ud800", "\\u0061", "{", "}", "[", "]", ",", ":", " ", "\n", "0", "-", ".", "e9", "E999", "null", "\"x\"", ",\"sub\":1", ",\"alg\":\"none\"", "a", "é", "\0", "//");

    private static readonly Gen<TokenParts> TokenParts =
        from alg in Gen.Elements("RS256", "RS384", "RS512", "ES256", "ES384", "ES512", "PS256", "PS384", "PS512")
        from kid in Gen.Elements(null, "k1", "", "é\"")
        from typ in Gen.Elements(null, "JWT", "JOSE")
        from sub in AnyIdParts
        from count in Gen.Choose(1, JwtSvidReader.MaxAudiences)
        from audiences in Gen.Elements("aud", "spiffe://td/web", "é\"\\", "a b").ArrayOf(count)
        from exp in Gen.Choose(0, int.MaxValue)
        from nbf in Gen.Choose(-1, int.MaxValue)
        select new TokenParts(alg, kid, typ, sub, [.. audiences], exp, nbf < 0 ? null : nbf);

    public static Arbitrary<TokenParts> Tokens => Arb.From(TokenParts, ShrinkToken);

    public static Arbitrary<ChangedTokenParts> ChangedTokens =>
        Arb.From(
            from parts in TokenParts
            from anywhere in Gen.Choose(0, int.MaxValue)
            from removed in Gen.Choose(0, 1)
            from inserted in Gen.Frequency((6, TokenCharacters), (removed, Gen.Constant("")))
            select new ChangedTokenParts(parts, anywhere, removed, inserted),
            changed => ShrinkToken(changed.Parts).Select(parts => changed with { Parts = parts }));

    /// <summary>Tokens whose JSON has one change, in the header or in the payload.</summary>
    public static Arbitrary<TestToken> TokensOfChangedJson =>
        Arb.From(
            from parts in TokenParts
            let token = parts.Token()
            from header in Changed(token.Header, JsonSnippets)
            from payload in Changed(token.Payload, JsonSnippets)
            from changed in Gen.Elements(token with { Header = header }, token with { Payload = payload })
            select changed,
            token => Shrink.Text(token.Header).Select(header => token with { Header = header }).Concat(Shrink.Text(token.Payload).Select(payload => token with { Payload = payload })));

    private static IEnumerable<TokenParts> ShrinkToken(TokenParts token) =>
        Shrink.List(token.Audiences).Where(audiences => !audiences.IsEmpty).Select(audiences => token with { Audiences = audiences })
            .Concat(ShrinkId(token.Sub).Select(sub => token with { Sub = sub }));
}
