using AspNetSpiffe.TestKit;
using AspNetSpiffe.Workload.Tests.Bundles;

namespace AspNetSpiffe.Workload.Tests.Verification;

/// <summary>A key that names its algorithm verifies no signature of another (RFC 8725 §3.1). The signatures are good, all of them.</summary>
public sealed class JwtKeyPurposeTests : JwtVerifierTest
{
    private static readonly TestKey Rsa = TestKey.Create(KeyKind.Rsa2048);

    [Theory, Trait("Trial", "H-25"), Trait("Spec", "TB-19"), Trait("Spec", "JW-05")]
    [InlineData("PS512", "RS256")]
    [InlineData("PS256", "RS256")]
    [InlineData("RS256", "PS256")]
    [InlineData("RS256", "RS512")]
    [InlineData("PS384", "PS256")]
    public void A_token_of_another_algorithm_than_its_key_is_for_is_refused(string keyAlg, string alg)
    {
        var bundles = Set(new JwtAuthority("k1", Rsa.PublicKey, keyAlg));
        AssertRefused(JwtRejectionReason.WrongKeyType, Verify(Token(alg, "k1"), bundles));
        AssertRefused(JwtRejectionReason.UnknownKey, Verify(Token(alg, null), bundles));

        AssertAccepted(Verify(Token(keyAlg, "k1"), bundles));
        AssertAccepted(Verify(Token(keyAlg, null), bundles));
        AssertAccepted(Verify(Token(alg, "k1"), Set(new JwtAuthority("k1", Rsa.PublicKey))));
    }

    [Fact, Trait("Trial", "H-25"), Trait("Spec", "TB-19")]
    public void A_token_without_kid_is_verified_by_the_key_that_is_for_its_algorithm()
    {
        var bundles = Set(new("k1", TestKey.Create(KeyKind.P256).PublicKey, "ES256"), new("k2", Rsa.PublicKey, "PS256"), new("k3", Rsa.PublicKey, "RS256"));
        AssertAccepted(Verify(Token("RS256", null), bundles));
        AssertAccepted(Verify(Token("PS256", null), bundles));
        AssertRefused(JwtRejectionReason.UnknownKey, Verify(Token("RS512", null), bundles));
    }

    [Theory, Trait("Trial", "H-25"), Trait("Spec", "TB-19")]
    [InlineData("alg", "\"PS512\"", JwtRejectionReason.WrongKeyType)]
    [InlineData("alg", "\"RSA-OAEP\"", JwtRejectionReason.UnknownKey)]
    [InlineData("alg", "\"ES256\"", JwtRejectionReason.UnknownKey)]
    [InlineData("key_ops", "[\"encrypt\"]", JwtRejectionReason.UnknownKey)]
    [InlineData("key_ops", "[\"sign\"]", JwtRejectionReason.UnknownKey)]
    public void A_document_says_what_its_keys_are_for(string name, string json, JwtRejectionReason reason)
    {
        AssertRefused(reason, Verify(Token("RS256", "k1"), Read(TestJwk.With(Jwk(), name, json))));
        AssertAccepted(Verify(Token("RS256", "k1"), Read(Jwk())));
        AssertAccepted(Verify(Token("RS256", "k1"), Read(TestJwk.With(TestJwk.With(Jwk(), "alg", "\"RS256\""), "key_ops", "[\"verify\"]"))));
    }

    [Fact, Trait("Trial", "H-25"), Trait("Spec", "TB-19")]
    public void A_token_that_was_verified_before_is_refused_when_its_key_becomes_one_for_another_algorithm()
    {
        var (token, known) = (Token("RS256", "k1"), new VerifiedTokens());
        AssertAccepted(known.Verify(token, Set(new JwtAuthority("k1", Rsa.PublicKey)), Us, Now));
        AssertRefused(JwtRejectionReason.WrongKeyType, known.Verify(token, Set(new JwtAuthority("k1", Rsa.PublicKey, "PS512")), Us, Now));
    }

    private static string Token(string alg, string? kid) =>
        new TestToken { Header = kid is null ? $$"""{"alg":"{{alg}}"}""" : $$"""{"alg":"{{alg}}","kid":"{{kid}}"}""" }.SignedBy(Rsa, alg);

    private static JwtBundleSet Set(params JwtAuthority[] keys) => new([new(TrustDomain.Parse("td"), keys)]);

    private static JwtBundleSet Read(string jwk) => new([SpiffeBundle.Parse(TrustDomain.Parse("td"), TestJwk.Set(jwk)).Jwt]);

    private static string Jwk()
    {
        using var key = System.Security.Cryptography.X509Certificates.PublicKey.CreateFromSubjectPublicKeyInfo(Rsa.PublicKey.ExportSubjectPublicKeyInfo(), out _).GetRSAPublicKey();
        var parameters = key!.ExportParameters(false);
        return TestJwk.Rsa("k1", parameters.Modulus!, parameters.Exponent!);
    }
}
