using AspNetSpiffe.TestKit;

namespace AspNetSpiffe.Workload.Tests.Verification;

/// <summary>What a token says: who, to whom, and how long. All of them have a good signature.</summary>
public sealed class JwtClaimsTests : JwtVerifierTest
{
    private const string Lasting = "\"aud\":\"aud\",\"exp\":4102444800";

    private static readonly long Seconds = Now.ToUnixTimeSeconds();

    [Theory, Trait("Spec", "JW-10")]
    [InlineData("\"x\":1")]
    [InlineData("\"sub\":null")]
    [InlineData("\"sub\":[\"spiffe://td/web\"]")]
    [InlineData("\"sub\":\"web\"")]
    [InlineData("\"sub\":\"https://td/web\"")]
    [InlineData("\"sub\":\"spiffe://TD/web\"")]
    [InlineData("\"sub\":\"spiffe://td/web/\"")]
    [InlineData("\"sub\":\"spiffe://td/../web\"")]
    public void A_subject_that_is_no_SPIFFE_ID_is_refused(string sub) =>
        AssertRefused(JwtRejectionReason.InvalidSpiffeId, Verify(new TestToken { Payload = $$"""{ {{sub}},{{Lasting}}}""" }));

    [Fact, Trait("Spec", "JW-10")]
    public void A_trust_domain_is_no_workload()
    {
        AssertRefused(JwtRejectionReason.RootPath, Verify(TestToken.For("spiffe://td", "aud")));
        AssertAccepted(Verify(TestToken.For("spiffe://td/x", "aud")));
    }

    [Theory]
    [Trait("Spec", "JW-12"), Trait("Spec", "JW-24")]
    [InlineData("\"aud\"")]
    [InlineData("[\"aud\"]")]
    [InlineData("[\"other\",\"aud\"]")]
    [InlineData("[\"more\",\"aud\",\"other\"]")]
    public void A_token_for_us_among_others_is_accepted(string aud) => AssertAccepted(VerifyClaims($"\"aud\":{aud},\"exp\":4102444800"));

    [Theory, Trait("Spec", "JW-12")]
    [InlineData("\"other\"")]
    [InlineData("[\"other\",\"more\"]")]
    [InlineData("\"AUD\"")]
    [InlineData("\"aud \"")]
    [InlineData("\"audience\"")]
    [InlineData("\"au\"")]
    [InlineData("\"*\"")]
    public void A_token_for_others_is_refused(string aud) => AssertRefused(JwtRejectionReason.NotAddressedToUs, VerifyClaims($"\"aud\":{aud},\"exp\":4102444800"));

    [Theory, Trait("Spec", "JW-12")]
    [InlineData("\"x\":1")]
    [InlineData("\"aud\":[]")]
    [InlineData("\"aud\":null")]
    [InlineData("\"aud\":\"\"")]
    [InlineData("\"aud\":[\"aud\",7]")]
    [InlineData("\"aud\":{\"aud\":\"aud\"}")]
    public void A_token_for_nobody_is_refused(string aud) => AssertRefused(JwtRejectionReason.Malformed, VerifyClaims($"{aud},\"exp\":4102444800"));

    [Fact, Trait("Spec", "JW-12")]
    public void One_of_our_names_is_enough()
    {
        AssertAccepted(VerifyClaims(Lasting, audiences: ["first", "aud"]));
        AssertRefused(JwtRejectionReason.NotAddressedToUs, VerifyClaims(Lasting, audiences: ["first", "second"]));
    }

    [Fact, Trait("Spec", "JW-12")]
    public void Our_collection_cannot_make_the_comparison_lax()
    {
        var token = new TestToken().SignedBy(Key);
        AssertRefused(JwtRejectionReason.NotAddressedToUs, JwtSvidVerifier.Verify(token, Bundles, new HashSet<string>(StringComparer.OrdinalIgnoreCase) { "AUD" }, Now));
    }

    [Fact, Trait("Spec", "JW-12")]
    public void Without_an_audience_of_ours_nothing_is_verified()
    {
        var token = new TestToken().SignedBy(Key);
        Assert.Throws<ArgumentException>(() => Verify(token, audiences: []));
        Assert.Throws<ArgumentException>(() => Verify(token, audiences: ["aud", ""]));
        Assert.Throws<ArgumentException>(() => Verify("rubbish", audiences: []));
    }

    [Theory, Trait("Spec", "JW-13")]
    [InlineData(1, true)]
    [InlineData(0, true)]
    [InlineData(-29, true)]
    [InlineData(-30, false)]
    [InlineData(-31, false)]
    [InlineData(-86_400, false)]
    public void A_token_is_good_until_half_a_minute_after_its_expiry(int left, bool accepted) => AssertTime(accepted, JwtRejectionReason.Expired, VerifyClaims($"\"aud\":\"aud\",\"exp\":{Seconds + left}"));

    [Theory, Trait("Spec", "JW-14")]
    [InlineData(-1, true)]
    [InlineData(30, true)]
    [InlineData(31, false)]
    [InlineData(86_400, false)]
    public void A_token_is_good_from_half_a_minute_before_its_time(int wait, bool accepted) => AssertTime(accepted, JwtRejectionReason.NotYetValid, VerifyClaims($"{Lasting},\"nbf\":{Seconds + wait}"));

    [Theory]
    [Trait("Spec", "JW-13"), Trait("Spec", "JW-14")]
    [InlineData(0)]
    [InlineData(60)]
    public void The_leeway_is_what_the_caller_says(int seconds)
    {
        var leeway = TimeSpan.FromSeconds(seconds);
        AssertAccepted(VerifyClaims($"\"aud\":\"aud\",\"exp\":{Seconds - seconds + 1}", leeway: leeway));
        AssertRefused(JwtRejectionReason.Expired, VerifyClaims($"\"aud\":\"aud\",\"exp\":{Seconds - seconds}", leeway: leeway));
        AssertAccepted(VerifyClaims($"{Lasting},\"nbf\":{Seconds + seconds}", leeway: leeway));
        AssertRefused(JwtRejectionReason.NotYetValid, VerifyClaims($"{Lasting},\"nbf\":{Seconds + seconds + 1}", leeway: leeway));
    }

    [Fact]
    [Trait("Spec", "JW-13"), Trait("Spec", "JW-14")]
    public void The_leeway_is_from_none_to_a_minute()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => VerifyClaims(Lasting, leeway: TimeSpan.FromSeconds(60.001)));
        Assert.Throws<ArgumentOutOfRangeException>(() => VerifyClaims(Lasting, leeway: TimeSpan.FromTicks(-1)));
    }

    [Theory, Trait("Spec", "JW-13")]
    [InlineData("\"x\":1")]
    [InlineData("\"exp\":\"4102444800\"")]
    [InlineData("\"exp\":null")]
    [InlineData("\"exp\":true")]
    public void A_token_without_a_good_expiry_is_refused(string exp) => AssertRefused(JwtRejectionReason.Malformed, VerifyClaims($"\"aud\":\"aud\",{exp}"));

    [Theory, Trait("Spec", "JW-14")]
    [InlineData("\"1\"")]
    [InlineData("null")]
    public void A_start_that_is_no_number_is_refused(string nbf) => AssertRefused(JwtRejectionReason.Malformed, VerifyClaims($"{Lasting},\"nbf\":{nbf}"));

    [Fact, Trait("Spec", "JW-13")]
    public void The_ends_of_all_time_are_no_trouble()
    {
        AssertAccepted(VerifyClaims("\"aud\":\"aud\",\"exp\":253402300799"));
        AssertAccepted(VerifyClaims("\"aud\":\"aud\",\"exp\":253402300799,\"nbf\":0", at: DateTimeOffset.MaxValue));
        AssertRefused(JwtRejectionReason.NotYetValid, VerifyClaims($"{Lasting},\"nbf\":0", at: DateTimeOffset.MinValue));
        AssertRefused(JwtRejectionReason.Expired, VerifyClaims("\"aud\":\"aud\",\"exp\":0", at: DateTimeOffset.MaxValue));
    }

    [Theory, Trait("Trial", "A-14"), Trait("Spec", "JW-25")]
    [InlineData("253402300799.5")]
    [InlineData("253402300800")]
    [InlineData("1e15")]
    [InlineData("1e400")]
    public void A_time_in_the_far_future_never_comes(string number)
    {
        AssertAccepted(VerifyClaims($"\"aud\":\"aud\",\"exp\":{number}"));
        AssertAccepted(VerifyClaims($"{Lasting},\"iat\":{number}"));
        AssertRefused(JwtRejectionReason.NotYetValid, VerifyClaims($"{Lasting},\"nbf\":{number}"));
        AssertRefused(JwtRejectionReason.NotYetValid, VerifyClaims($"{Lasting},\"nbf\":{number}", leeway: TimeSpan.FromSeconds(60)));
    }

    [Theory, Trait("Trial", "A-14"), Trait("Spec", "JW-25")]
    [InlineData("0")]
    [InlineData("-0")]
    [InlineData("-1")]
    [InlineData("-1.5")]
    [InlineData("-62135596801")]
    [InlineData("-1e400")]
    public void A_time_in_the_far_past_is_over(string number)
    {
        AssertRefused(JwtRejectionReason.Expired, VerifyClaims($"\"aud\":\"aud\",\"exp\":{number}"));
        AssertAccepted(VerifyClaims($"{Lasting},\"nbf\":{number},\"iat\":{number}"));
    }

    [Theory, Trait("Trial", "A-14"), Trait("Spec", "JW-25")]
    [InlineData("1e10", true)]
    [InlineData("0.19e10", true)]
    [InlineData("1.8e9", false)]
    [InlineData("1893455970.5", true)]
    [InlineData("1893455970", false)]
    public void A_time_may_have_a_fraction_and_an_exponent(string exp, bool accepted) => AssertTime(accepted, JwtRejectionReason.Expired, VerifyClaims($"\"aud\":\"aud\",\"exp\":{exp}"));

    [Theory, Trait("Trial", "A-14"), Trait("Spec", "JW-25")]
    [InlineData("exp"), InlineData("nbf"), InlineData("iat")]
    public void A_text_is_no_time_whatever_it_says(string name) =>
        Assert.All((string[])["\"4102444800\"", "\"1e10\"", "\"\"", "null", "true", "[1]", "{}"], json => AssertRefused(JwtRejectionReason.Malformed, VerifyClaims(name == "exp" ? $"\"aud\":\"aud\",\"exp\":{json}" : $"{Lasting},\"{name}\":{json}")));

    [Theory, Trait("Spec", "JW-15")]
    [InlineData("")]
    [InlineData(",\"iat\":0")]
    [InlineData(",\"iat\":4102444700")]
    public void When_a_token_was_issued_does_not_matter(string iat) => AssertAccepted(VerifyClaims(Lasting + iat));

    [Fact, Trait("Spec", "JW-21")]
    public void A_token_with_the_same_jti_may_come_again()
    {
        AssertAccepted(VerifyClaims(Lasting + ",\"jti\":\"1\""));
        AssertAccepted(VerifyClaims(Lasting + ",\"jti\":\"1\""));
    }

    [Fact, Trait("Spec", "JW-22")]
    public void Claims_with_lists_and_objects_survive()
    {
        var claims = VerifyClaims("""
            "aud":["aud","b"],"exp":4102444800,"groups":["a",["b"]],"more":{"x":[1,{"y":null}]}
            """).Svid!.Claims;
        Assert.Equal("""["a",["b"]]""", claims.GetProperty("groups").GetRawText());
        Assert.Equal("""{"x":[1,{"y":null}]}""", claims.GetProperty("more").GetRawText());
        Assert.Equal(2, claims.GetProperty("aud").GetArrayLength());
    }

    [Fact]
    public void The_checks_come_in_their_order()
    {
        var stranger = TestKey.Create(KeyKind.P256);
        Assert.Equal(JwtRejectionReason.NotAddressedToUs, Reason("\"aud\":\"x\",\"exp\":0", "spiffe://stranger/web"));
        Assert.Equal(JwtRejectionReason.Expired, Reason("\"aud\":\"aud\",\"exp\":0", "spiffe://stranger/web"));
        Assert.Equal(JwtRejectionReason.UnknownTrustDomain, Reason(Lasting, "spiffe://stranger/web"));
        Assert.Equal(JwtRejectionReason.BadSignature, Reason(Lasting, "spiffe://td/web"));

        JwtRejectionReason Reason(string claims, string sub) => Verify(new TestToken { Payload = $$"""{"sub":"{{sub}}",{{claims}}}""" }.SignedBy(stranger)).Reason;
    }

    private static void AssertTime(bool accepted, JwtRejectionReason otherwise, JwtVerificationResult result)
    {
        if (accepted) AssertAccepted(result);
        else AssertRefused(otherwise, result);
    }
}
