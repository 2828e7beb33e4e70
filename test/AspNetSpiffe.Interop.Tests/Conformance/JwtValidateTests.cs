using System.Buffers.Text;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using AspNetSpiffe.TestKit;

namespace AspNetSpiffe.InteropTests;

/// <summary>JV-1 to JV-25 of the suite's catalogue, and what JB and ID ask of a bundle that stays: good tokens, and bad ones with the right reason.</summary>
public sealed class JwtValidateTests(ValidatingHarness harness) : IClassFixture<ValidatingHarness>
{
    private const string Workload = "spiffe://example.org/workload";

    private static readonly string Valid = Token();

    private static readonly Dictionary<string, string> Good = new()
    {
        ["JV-1"] = Valid,
        ["JV-2/RS256"] = Token("k4", "RS256"),
        ["JV-2/RS384"] = Token("k4", "RS384"),
        ["JV-2/RS512"] = Token("k4", "RS512"),
        ["JV-2/PS256"] = Token("k4", "PS256"),
        ["JV-2/PS384"] = Token("k4", "PS384"),
        ["JV-2/PS512"] = Token("k4", "PS512"),
        ["JV-2/ES256"] = Token("k1", "ES256"),
        ["JV-2/ES384"] = Token("k2", "ES384"),
        ["JV-2/ES512"] = Token("k3", "ES512"),
        ["JV-9"] = Token(claims: c => c["aud"] = new JsonArray("other", ValidatingHarness.Audience)),
        ["JV-10"] = Token(claims: c => c["aud"] = ValidatingHarness.Audience),
        ["JV-20/JWT"] = Token(header: h => h["typ"] = "JWT"),
        ["JV-20/JOSE"] = Token(header: h => h["typ"] = "JOSE"),
        ["JV-20/none"] = Token(header: h => h.Remove("typ")),
        ["JV-22"] = Token(header: h => h.Remove("kid")),
    };

    private static readonly Dictionary<string, (JwtRejectionReason Reason, string Token)> Bad = new()
    {
        ["JV-3"] = (JwtRejectionReason.UnsupportedAlgorithm, WithSignature(Token(header: h => h["alg"] = "none"), "")),
        ["JV-4/HS256"] = (JwtRejectionReason.UnsupportedAlgorithm, Hmac("HS256", HMACSHA256.HashData)),
        ["JV-4/HS384"] = (JwtRejectionReason.UnsupportedAlgorithm, Hmac("HS384", HMACSHA384.HashData)),
        ["JV-4/HS512"] = (JwtRejectionReason.UnsupportedAlgorithm, Hmac("HS512", HMACSHA512.HashData)),
        ["JV-5"] = (JwtRejectionReason.UnsupportedAlgorithm, Token(header: h => (h["alg"], h["kid"]) = ("EdDSA", "ed"))),
        ["JV-6/RS256"] = (JwtRejectionReason.WrongKeyType, Token(header: h => h["alg"] = "RS256")),
        ["JV-6/ES384"] = (JwtRejectionReason.WrongKeyType, Token("k1", "ES384")),
        ["JV-7"] = (JwtRejectionReason.Malformed, Token(claims: c => c.Remove("aud"))),
        ["JV-8"] = (JwtRejectionReason.NotAddressedToUs, Token(claims: c => c["aud"] = new JsonArray("other"))),
        ["JV-11"] = (JwtRejectionReason.Malformed, Token(claims: c => c.Remove("exp"))),
        ["JV-12"] = (JwtRejectionReason.Expired, Token(claims: c => c["exp"] = 1_700_000_000)),
        ["JV-13"] = (JwtRejectionReason.NotYetValid, Token(claims: c => c["nbf"] = 4102444700)),
        ["JV-14"] = (JwtRejectionReason.BadSignature, WithSignature(Valid, Flipped(Valid.Split('.')[2]))),
        ["JV-15"] = (JwtRejectionReason.BadSignature, WithSignature(Token(claims: c => c["sub"] = "spiffe://example.org/admin"), Valid.Split('.')[2])),
        ["JV-16"] = (JwtRejectionReason.UnknownKey, Token("stranger")),
        ["JV-16/kid"] = (JwtRejectionReason.BadSignature, Token("stranger", header: h => h["kid"] = "k1")),
        ["JV-17"] = (JwtRejectionReason.UnknownKey, Token(claims: c => c["sub"] = "spiffe://fed.example.org/workload")),
        ["JV-18"] = (JwtRejectionReason.UnknownTrustDomain, Token(claims: c => c["sub"] = "spiffe://unknown.example.org/workload")),
        ["JV-19"] = (JwtRejectionReason.InvalidSpiffeId, Token(claims: c => c["sub"] = "https://example.org/workload")),
        ["JV-21"] = (JwtRejectionReason.WrongType, Token(header: h => h["typ"] = "at+jwt")),
        ["JV-23"] = (JwtRejectionReason.CriticalHeader, Token(header: h => (h["crit"], h["x"]) = (new JsonArray("x"), true))),
        ["JV-24"] = (JwtRejectionReason.Malformed, new JsonObject { ["protected"] = Valid.Split('.')[0], ["payload"] = Valid.Split('.')[1], ["signature"] = Valid.Split('.')[2] }.ToJsonString()),
        ["JV-25/two parts"] = (JwtRejectionReason.Malformed, Valid[..Valid.LastIndexOf('.')]),
        ["JV-25/base64"] = (JwtRejectionReason.Malformed, Valid.Insert(Valid.IndexOf('.', StringComparison.Ordinal) + 5, "!")),
        ["JV-25/JSON"] = (JwtRejectionReason.Malformed, new TestToken { Header = """{"alg":"ES256","kid":"k1"}""", Payload = "{" }.SignedBy(ValidatingHarness.Keys["k1"])),
        ["JB-5/x509-svid-use"] = (JwtRejectionReason.UnknownKey, Token("ca")),
    };

    public static TheoryData<string> GoodTokens => [.. Good.Keys];

    public static TheoryData<string> BadTokens => [.. Bad.Keys];

    [Theory, MemberData(nameof(GoodTokens)), Trait("Trial", "A-21")]
    [Trait("Spec", "JW-04"), Trait("Spec", "JW-06"), Trait("Spec", "JW-08"), Trait("Spec", "JW-12")]
    public async Task A_good_token_is_accepted(string row) => Assert.Equal((HttpStatusCode.OK, Workload), await harness.ValidateAsync(Good[row]));

    [Theory, MemberData(nameof(BadTokens)), Trait("Trial", "A-21")]
    [Trait("Spec", "JW-01"), Trait("Spec", "JW-03"), Trait("Spec", "JW-04"), Trait("Spec", "JW-05"), Trait("Spec", "JW-07"), Trait("Spec", "JW-08"), Trait("Spec", "JW-10"), Trait("Spec", "JW-11"), Trait("Spec", "JW-12"), Trait("Spec", "JW-13"), Trait("Spec", "JW-14"), Trait("Spec", "JW-16")]
    public async Task A_bad_token_is_refused_for_its_reason(string row)
    {
        Assert.Equal((HttpStatusCode.UnprocessableEntity, Bad[row].Reason.ToString()), await harness.ValidateAsync(Bad[row].Token));

        // A harness that refuses everybody is no better.
        Assert.Equal((HttpStatusCode.OK, Workload), await harness.ValidateAsync(Valid));
    }

    [Fact, Trait("Trial", "A-21"), Trait("Spec", "JW-11")]
    public async Task JB8_A_federated_token_is_verified_by_its_own_trust_domain()
    {
        const string id = "spiffe://fed.example.org/workload";
        Assert.Equal((HttpStatusCode.OK, id), await harness.ValidateAsync(Token("fed", claims: c => c["sub"] = id)));
        Assert.Equal((HttpStatusCode.UnprocessableEntity, "UnknownKey"), await harness.ValidateAsync(Token("fed")));
    }

    [Theory, Trait("Trial", "A-21"), Trait("Spec", "JW-10")]
    [InlineData("spiffe:///a"), InlineData("spiffe://example.org:8080/a"), InlineData("spiffe://u@example.org/a"), InlineData("spiffe://example.org/a?x=1"), InlineData("spiffe://example.org/a#f")]
    [InlineData("spiffe://example.org/%41"), InlineData("spiffe://example.org/a//b"), InlineData("spiffe://example.org/a/./b"), InlineData("spiffe://example.org/a/../b"), InlineData("spiffe://example.org/a/")]
    [InlineData("spiffe://example.org/a!b"), InlineData("spiffe://t$d/a")]
    public async Task ID1_A_subject_that_is_no_SPIFFE_ID_is_refused(string sub) =>
        Assert.Equal((HttpStatusCode.UnprocessableEntity, "InvalidSpiffeId"), await harness.ValidateAsync(Token(claims: c => c["sub"] = sub)));

    [Theory, Trait("Trial", "A-21"), Trait("Spec", "JW-10")]
    [InlineData(0, "/a.b-c_D"), InlineData(2048, "/")]
    public async Task ID2_A_SPIFFE_ID_at_the_edge_is_accepted(int length, string path)
    {
        var id = $"spiffe://example.org{path}".PadRight(length, 'a');
        Assert.Equal((HttpStatusCode.OK, id), await harness.ValidateAsync(Token(claims: c => c["sub"] = id)));
    }

    private static string Token(string kid = "k1", string alg = "ES256", Action<JsonObject>? header = null, Action<JsonObject>? claims = null)
    {
        var (head, body) = (new JsonObject { ["alg"] = alg, ["kid"] = kid, ["typ"] = "JWT" }, new JsonObject { ["sub"] = Workload, ["aud"] = new JsonArray(ValidatingHarness.Audience), ["exp"] = 4102444800 });
        header?.Invoke(head);
        claims?.Invoke(body);
        return new TestToken { Header = head.ToJsonString(), Payload = body.ToJsonString() }.SignedBy(ValidatingHarness.Keys[kid], alg);
    }

    private static string Hmac(string alg, Func<byte[], byte[], byte[]> hash)
    {
        var token = Token(header: h => h["alg"] = alg);
        var pem = Encoding.ASCII.GetBytes(PemEncoding.WriteString("PUBLIC KEY", ValidatingHarness.Keys["k1"].PublicKey.ExportSubjectPublicKeyInfo()));
        return WithSignature(token, Base64Url.EncodeToString(hash(pem, Encoding.ASCII.GetBytes(token[..token.LastIndexOf('.')]))));
    }

    private static string WithSignature(string token, string signature) => $"{token[..token.LastIndexOf('.')]}.{signature}";

    private static string Flipped(string signature)
    {
        var bytes = Base64Url.DecodeFromChars(signature);
        bytes[bytes.Length / 2] ^= 1;
        return Base64Url.EncodeToString(bytes);
    }
}
