using AspNetSpiffe.TestKit;

namespace AspNetSpiffe.Workload.Tests.Verification;

/// <summary>Tokens with a good signature whose form is refused all the same, each for its own reason.</summary>
public sealed class JwtFormTests : JwtVerifierTest
{
    [Fact]
    public void A_good_token_is_accepted()
    {
        var token = new TestToken().SignedBy(Key);
        var result = Verify(token);

        AssertAccepted(result);
        Assert.Equal("spiffe://td/web", result.Svid!.Id.ToString());
        Assert.Equal(token, result.Svid.Token);
    }

    [Fact, Trait("Spec", "JW-01")]
    public void Only_the_compact_form_with_three_parts_is_accepted()
    {
        var token = new TestToken().SignedBy(Key);
        var parts = token.Split('.');
        AssertAccepted(Verify(token));
        string[] others =
        [
            "", ".", "..", "Bearer " + token, token + ".", token + "." + parts[2], "." + token, token + "=", token + "\n", parts[0] + "." + parts[1], $"{parts[0]}.{parts[1]}.",
            $$"""{"protected":"{{parts[0]}}","payload":"{{parts[1]}}","signature":"{{parts[2]}}"}""",
        ];
        Assert.All(others, other => AssertRefused(JwtRejectionReason.Malformed, Verify(other)));
    }

    [Theory, Trait("Spec", "JW-01")]
    [InlineData("""{"alg":"ES256","kid":"k1"} {}""", """{"sub":"spiffe://td/web","aud":"aud","exp":4102444800}""")]
    [InlineData("""{"alg":"none","alg":"ES256","kid":"k1"}""", """{"sub":"spiffe://td/web","aud":"aud","exp":4102444800}""")]
    [InlineData("""{"alg":"ES256","kid":"k1"}""", """["sub"]""")]
    [InlineData("""{"alg":"ES256","kid":"k1"}""", """{"sub":"spiffe://td/web","aud":"aud","exp":4102444800""")]
    [InlineData("""{"alg":"ES256","kid":"k1"}""", """{"sub":"spiffe://td/web","sub":"spiffe://td/admin","aud":"aud","exp":4102444800}""")]
    public void A_part_that_is_no_strict_JSON_object_is_refused(string header, string payload) =>
        AssertRefused(JwtRejectionReason.Malformed, Verify(new TestToken { Header = header, Payload = payload }));

    [Fact, Trait("Spec", "JW-02")]
    public void Headers_beside_the_three_of_the_standard_change_nothing()
    {
        AssertAccepted(VerifyHeader("""{"alg":"ES256","kid":"k1","typ":"JWT","jku":"https://evil.example/keys","jwk":{"kty":"oct"},"x5u":"http://evil.example"}"""));
        AssertRefused(JwtRejectionReason.UnknownKey, VerifyHeader("""{"alg":"ES256","kid":"k2","typ":"JWT","jku":"https://evil.example/keys"}"""));
    }

    [Theory, Trait("Spec", "JW-03")]
    [InlineData("""["exp"]""")]
    [InlineData("""["b64"],"b64":true""")]
    [InlineData("[]")]
    public void Critical_headers_are_refused(string crit) => AssertRefused(JwtRejectionReason.CriticalHeader, VerifyHeader($$"""{"alg":"ES256","kid":"k1","crit":{{crit}}}"""));

    [Theory, Trait("Spec", "JW-04")]
    [InlineData("none"), InlineData("None"), InlineData("HS256"), InlineData("HS384"), InlineData("HS512"), InlineData("EdDSA"), InlineData("ES256K"), InlineData("es256"), InlineData("")]
    public void An_algorithm_that_is_none_of_the_nine_is_refused_whatever_the_signature(string alg) =>
        AssertRefused(JwtRejectionReason.UnsupportedAlgorithm, VerifyHeader($$"""{"alg":"{{alg}}","kid":"k1"}"""));

    [Fact, Trait("Spec", "JW-04")]
    public void An_algorithm_is_refused_before_anything_else_is_read()
    {
        AssertRefused(JwtRejectionReason.UnsupportedAlgorithm, VerifyHeader("""{"kid":"k1"}"""));
        AssertRefused(JwtRejectionReason.UnsupportedAlgorithm, VerifyHeader("""{"alg":"none","typ":"wit+jwt","crit":["x"]}"""));
        AssertRefused(JwtRejectionReason.UnsupportedAlgorithm, Verify(new TestToken { Header = """{"alg":"none"}""", Payload = "[]" }));
    }

    [Theory, Trait("Spec", "JW-08")]
    [InlineData("""{"alg":"ES256","kid":"k1"}""")]
    [InlineData("""{"alg":"ES256","kid":"k1","typ":"JWT"}""")]
    [InlineData("""{"alg":"ES256","kid":"k1","typ":"JOSE"}""")]
    public void The_type_is_absent_JWT_or_JOSE(string header) => AssertAccepted(VerifyHeader(header));

    [Theory, Trait("Spec", "JW-08")]
    [InlineData("jwt"), InlineData("jose"), InlineData("at+jwt"), InlineData("JWT "), InlineData(""), InlineData("application/jwt")]
    public void Any_other_type_is_refused(string typ) => AssertRefused(JwtRejectionReason.WrongType, VerifyHeader($$"""{"alg":"ES256","kid":"k1","typ":"{{typ}}"}"""));

    [Fact, Trait("Spec", "JW-09")]
    public void A_WIT_SVID_of_a_trusted_key_is_no_bearer_token() => AssertRefused(JwtRejectionReason.WrongType, VerifyHeader("""{"alg":"ES256","kid":"k1","typ":"wit+jwt"}"""));

    [Fact, Trait("Spec", "JW-23")]
    public void A_token_has_at_most_64_KiB()
    {
        AssertAccepted(Verify(Padded(48_900)));
        AssertRefused(JwtRejectionReason.TooLarge, Verify(Padded(49_000)));
        AssertRefused(JwtRejectionReason.TooLarge, Verify(new string('x', 10_000_000)));
    }

    [Fact, Trait("Spec", "JW-23")]
    public void A_token_has_at_most_32_audiences()
    {
        AssertAccepted(Verify(TestToken.For("spiffe://td/web", [.. Enumerable.Range(1, 31).Select(i => $"a{i}"), "aud"])));
        AssertRefused(JwtRejectionReason.TooLarge, Verify(TestToken.For("spiffe://td/web", [.. Enumerable.Range(1, 32).Select(i => $"a{i}"), "aud"])));
    }

    [Fact]
    public void Nothing_is_thrown_and_nothing_accepted_whatever_a_stranger_sends()
    {
        var random = new Random(7);
        var good = new TestToken().SignedBy(Key);
        for (var i = 0; i < 5_000; i++)
        {
            var spoiled = good.ToCharArray();
            for (var changes = random.Next(1, 4); changes > 0; changes--) spoiled[random.Next(spoiled.Length)] = (char)random.Next(random.Next(2) == 0 ? 128 : 65_536);
            var token = new string(spoiled, 0, random.Next(4) == 0 ? random.Next(spoiled.Length) : spoiled.Length);
            if (token != good) Assert.False(Verify(token).Accepted, token);
        }
    }

    private static TestToken Padded(int length) => new() { Header = $$"""{"alg":"ES256","kid":"k1","x":"{{new string('x', length)}}"}""" };
}
