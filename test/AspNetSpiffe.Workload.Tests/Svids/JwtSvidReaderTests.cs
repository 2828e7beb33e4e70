using System.Buffers.Text;
using AspNetSpiffe.TestKit;

namespace AspNetSpiffe.Workload.Tests.Svids;

public sealed class JwtSvidReaderTests
{
    private const string Claims = "\"sub\":\"spiffe://td/web\",\"aud\":\"a\",\"exp\":4102444800";

    [Fact]
    public void A_token_is_read()
    {
        var token = new TestToken { Payload = """{"sub":"spiffe://td/web","aud":["a","b"],"exp":4102444800,"nbf":1700000000,"iat":1700000000.5,"more":{"x":[1]}}""" }.ToString();
        var svid = JwtSvidReader.Read(token, "internal");

        Assert.Equal("spiffe://td/web", svid.Id.ToString());
        Assert.Equal(["a", "b"], svid.Audiences.AsEnumerable());
        Assert.Equal(DateTimeOffset.FromUnixTimeSeconds(4102444800), svid.ExpiresAt);
        Assert.Equal(DateTimeOffset.FromUnixTimeSeconds(1700000000), svid.NotBefore);
        Assert.Equal(DateTimeOffset.FromUnixTimeMilliseconds(1700000000500), svid.IssuedAt);
        Assert.Equal(new JwtHeader(JwtAlgorithm.ES256, "k1"), svid.Header);
        Assert.Equal("internal", svid.Hint);
        Assert.Equal(token, svid.Token);
    }

    [Fact, Trait("Spec", "JW-22")]
    public void Claims_survive_with_their_lists_and_objects() =>
        Assert.Equal("""[1,{"y":null}]""", JwtSvidReader.Read(Payload($$"""{ {{Claims}},"more":{"x":[1,{"y":null}] } }""")).Claims.GetProperty("more").GetProperty("x").GetRawText());

    [Fact]
    public void The_token_is_never_shown()
    {
        var svid = JwtSvidReader.Read(new TestToken().ToString());
        Assert.Equal("spiffe://td/web", svid.ToString());
        Assert.Equal("spiffe://td/web", $"{svid}");
    }

    [Theory, Trait("Spec", "JW-01")]
    [InlineData("")]
    [InlineData(".")]
    [InlineData("a.b")]
    [InlineData("{header}.{payload}")]
    [InlineData("{header}.{payload}.{signature}.")]
    [InlineData("{header}.{payload}.{signature}.x.y")]
    [InlineData("""{"protected":"{header}","payload":"{payload}","signature":"{signature}"}""")]
    public void Anything_but_the_compact_form_is_refused(string shape) => AssertRefused(Shaped(shape), "not a JWS in compact form");

    [Theory, Trait("Spec", "JW-01")]
    [InlineData("{header}.{payload}.", "signature")]
    [InlineData(".{payload}.{signature}", "header")]
    [InlineData("{header}..{signature}", "payload")]
    [InlineData("{header}=.{payload}.{signature}", "header")]
    [InlineData("{header}.{payload} .{signature}", "payload")]
    [InlineData("{header}.{payload}.{signature}\n", "signature")]
    [InlineData("{header}.{payload}.ab+/", "signature")]
    [InlineData("{header}.{payload}.a", "signature")]
    [InlineData("{header}.{payload}.AB", "signature")]
    public void A_part_that_is_no_base64url_is_refused(string shape, string part) => AssertRefused(Shaped(shape), $"The token's {part} is empty or not valid base64url");

    [Theory, Trait("Spec", "JW-01")]
    [InlineData("not json")]
    [InlineData("")]
    [InlineData("""{"alg":"ES256"}{}""")]
    [InlineData("""{"alg":"ES256",}""")]
    public void A_header_that_is_no_JSON_is_refused(string json) =>
        AssertRefused(new TestToken { Header = json.Length == 0 ? " " : json }.ToString(), "The token's header is not valid JSON");

    [Theory, Trait("Spec", "JW-01")]
    [InlineData("[]", "not a JSON object")]
    [InlineData("\"x\"", "not a JSON object")]
    [InlineData("{", "not valid JSON")]
    public void A_payload_that_is_no_object_is_refused(string json, string words) => AssertRefused(Payload(json), words);

    [Fact]
    public void A_member_twice_is_refused()
    {
        AssertRefused(new TestToken { Header = """{"alg":"none","alg":"ES256"}""" }.ToString(), "a member twice");
        AssertRefused(Payload($$"""{ {{Claims}},"sub":"spiffe://td/admin"}"""), "a member twice");
    }

    [Theory, Trait("Spec", "JW-04")]
    [InlineData("RS256"), InlineData("RS384"), InlineData("RS512")]
    [InlineData("ES256"), InlineData("ES384"), InlineData("ES512")]
    [InlineData("PS256"), InlineData("PS384"), InlineData("PS512")]
    public void Nine_algorithms_are_known(string alg) => Assert.Equal(alg, Read($$"""{"alg":"{{alg}}"}""").Header.Algorithm.ToString());

    [Theory, Trait("Spec", "JW-04")]
    [InlineData("\"none\""), InlineData("\"None\""), InlineData("\"HS256\""), InlineData("\"EdDSA\""), InlineData("\"es256\"")]
    [InlineData("\"ES256K\""), InlineData("\" ES256\""), InlineData("\"0\""), InlineData("\"ES256,RS256\""), InlineData("\"\"")]
    public void Any_other_algorithm_is_refused(string alg) => AssertRefused(new TestToken { Header = $$"""{"alg":{{alg}}}""" }.ToString(), "is not allowed in a JWT-SVID");

    [Theory, Trait("Spec", "JW-04")]
    [InlineData("{}")]
    [InlineData("""{"alg":null}""")]
    [InlineData("""{"alg":3}""")]
    public void A_header_without_an_algorithm_is_refused(string header) => AssertRefused(new TestToken { Header = header }.ToString(), "no 'alg'");

    [Theory, Trait("Spec", "JW-03")]
    [InlineData("[\"exp\"]")]
    [InlineData("[]")]
    [InlineData("null")]
    public void Critical_headers_are_refused(string crit) => AssertRefused(new TestToken { Header = $$"""{"alg":"ES256","crit":{{crit}}}""" }.ToString(), "critical headers");

    [Fact, Trait("Spec", "JW-02")]
    public void Other_headers_are_passed_over() => Assert.Equal(JwtAlgorithm.ES256, Read("""{"alg":"ES256","jku":"https://evil.example","x":1}""").Header.Algorithm);

    [Fact, Trait("Spec", "JW-06")]
    public void A_token_may_name_no_key() => Assert.Null(Read("""{"alg":"ES256"}""").Header.KeyId);

    [Theory, Trait("Spec", "JW-06")]
    [InlineData("7")]
    [InlineData("null")]
    public void A_key_name_that_is_no_text_is_refused(string kid) => AssertRefused(new TestToken { Header = $$"""{"alg":"ES256","kid":{{kid}}}""" }.ToString(), "'kid' is not a string");

    [Theory, Trait("Spec", "JW-08")]
    [InlineData("""{"alg":"ES256"}""")]
    [InlineData("""{"alg":"ES256","typ":"JWT"}""")]
    [InlineData("""{"alg":"ES256","typ":"JOSE"}""")]
    public void The_type_is_absent_or_one_of_two(string header) => Assert.Equal(JwtAlgorithm.ES256, Read(header).Header.Algorithm);

    [Theory]
    [InlineData("\"wit+jwt\""), Trait("Spec", "JW-09")]
    [InlineData("\"at+jwt\""), Trait("Spec", "JW-08")]
    [InlineData("\"jwt\"")]
    [InlineData("\"\"")]
    [InlineData("null")]
    [InlineData("1")]
    public void Any_other_type_is_refused(string typ) => AssertRefused(new TestToken { Header = $$"""{"alg":"ES256","typ":{{typ}}}""" }.ToString(), "'typ'");

    [Theory, Trait("Spec", "JW-10")]
    [InlineData("""{"aud":"a","exp":1}""", "no 'sub'")]
    [InlineData("""{"sub":null,"aud":"a","exp":1}""", "no 'sub'")]
    [InlineData("""{"sub":"","aud":"a","exp":1}""", "not a SPIFFE ID")]
    [InlineData("""{"sub":"web","aud":"a","exp":1}""", "not a SPIFFE ID")]
    [InlineData("""{"sub":"spiffe://TD/web","aud":"a","exp":1}""", "not a SPIFFE ID")]
    [InlineData("""{"sub":"spiffe://td/web/","aud":"a","exp":1}""", "not a SPIFFE ID")]
    [InlineData("""{"sub":"https://td/web","aud":"a","exp":1}""", "not a SPIFFE ID")]
    [InlineData("""{"sub":"\ud800","aud":"a","exp":1}""", "not valid JSON")]
    public void A_subject_that_is_no_SPIFFE_ID_is_refused(string payload, string words) => AssertRefused(Payload(payload), words);

    [Theory, Trait("Spec", "JW-12")]
    [InlineData("\"aud\":\"a\"", "a")]
    [InlineData("\"aud\":[\"a\"]", "a")]
    [InlineData("\"aud\":[\"a\",\"b\"]", "a b"), Trait("Spec", "JW-24")]
    public void The_audience_is_a_text_or_a_list(string aud, string expected) =>
        Assert.Equal(expected, string.Join(' ', JwtSvidReader.Read(Payload($$"""{"sub":"spiffe://td/web",{{aud}},"exp":1}""")).Audiences));

    [Theory, Trait("Spec", "JW-12")]
    [InlineData("\"x\":1", "no 'aud'")]
    [InlineData("\"aud\":[]", "0 audiences")]
    [InlineData("\"aud\":null", "empty or not a string")]
    [InlineData("\"aud\":\"\"", "empty or not a string")]
    [InlineData("\"aud\":[\"a\",\"\"]", "empty or not a string")]
    [InlineData("\"aud\":[\"a\",1]", "empty or not a string")]
    [InlineData("\"aud\":{\"a\":1}", "empty or not a string")]
    public void A_token_for_nobody_is_refused(string aud, string words) => AssertRefused(Payload($$"""{"sub":"spiffe://td/web",{{aud}},"exp":1}"""), words);

    [Theory, Trait("Spec", "JW-13")]
    [InlineData("\"x\":1", "no 'exp'")]
    [InlineData("\"exp\":null", "'exp' is not a number")]
    [InlineData("\"exp\":\"4102444800\"", "'exp' is not a number")]
    [InlineData("\"exp\":[4102444800]", "'exp' is not a number")]
    public void A_token_without_a_good_expiry_is_refused(string exp, string words) => AssertRefused(Payload($$"""{"sub":"spiffe://td/web","aud":"a",{{exp}}}"""), words);

    [Theory, Trait("Spec", "JW-14")]
    [InlineData("\"nbf\":\"1\"", "'nbf' is not a number")]
    [InlineData("\"nbf\":null", "'nbf' is not a number")]
    [InlineData("\"iat\":true", "'iat' is not a number")]
    [InlineData("\"iat\":\"1e10\"", "'iat' is not a number")]
    public void Other_times_are_numbers_where_they_stand(string claim, string words) => AssertRefused(Payload($$"""{ {{Claims}},{{claim}}}"""), words);

    [Theory, Trait("Trial", "A-14"), Trait("Spec", "JW-25")]
    [InlineData("253402300799", 253402300799)]
    [InlineData("1e10", 10_000_000_000)]
    [InlineData("1700000000.25e0", 1_700_000_000.25)]
    [InlineData("17E+8", 1_700_000_000)]
    [InlineData("0", 0)]
    [InlineData("-0", 0)]
    [InlineData("-0.0", 0)]
    [InlineData("1e-400", 0)]
    [InlineData("-1", -1)]
    [InlineData("-62135596799", -62_135_596_799)]
    public void A_time_is_any_number_of_seconds(string number, double seconds) => Assert.All(Times(number), time => Assert.Equal(seconds, (time - DateTimeOffset.UnixEpoch).TotalSeconds));

    [Theory, Trait("Trial", "A-14"), Trait("Spec", "JW-25")]
    [InlineData("253402300800")]
    [InlineData("9223372036854775808")]
    [InlineData("1e300")]
    [InlineData("1e400")]
    public void A_time_from_the_year_10000_on_never_comes(string number) => Assert.All(Times(number), time => Assert.Equal(DateTimeOffset.MaxValue, time));

    [Theory, Trait("Trial", "A-14"), Trait("Spec", "JW-25")]
    [InlineData("-62135596800")]
    [InlineData("-62135596801")]
    [InlineData("-1e300")]
    [InlineData("-1e400")]
    public void A_time_before_all_times_is_over(string number) => Assert.All(Times(number), time => Assert.Equal(DateTimeOffset.MinValue, time));

    [Fact, Trait("Trial", "A-14"), Trait("Spec", "JW-25")]
    public void A_number_with_as_many_digits_as_a_token_holds_is_a_number() => Assert.All(Times(new string('9', 10_000)), time => Assert.Equal(DateTimeOffset.MaxValue, time));

    [Fact, Trait("Spec", "JW-15")]
    public void Other_times_may_be_absent()
    {
        var svid = JwtSvidReader.Read(Payload($$"""{ {{Claims}}}"""));
        Assert.Null(svid.NotBefore);
        Assert.Null(svid.IssuedAt);
    }

    [Fact, Trait("Spec", "JW-23")]
    public void A_token_over_64_KiB_is_refused_unread()
    {
        AssertRefused(new string('.', 65537), "the limit is 65536");
        AssertRefused(new string('.', 65536), "not a JWS in compact form");
    }

    [Theory, Trait("Spec", "JW-23")]
    [InlineData(32, true)]
    [InlineData(33, false)]
    public void A_token_has_at_most_32_audiences(int count, bool accepted)
    {
        var token = TestToken.For("spiffe://td/web", [.. Enumerable.Range(0, count).Select(i => $"a{i}")]).ToString();
        if (accepted) Assert.Equal(count, JwtSvidReader.Read(token).Audiences.Length);
        else AssertRefused(token, "33 audiences");
    }

    [Fact]
    public void Nothing_but_FormatException_is_thrown_and_no_secret_is_told_on_any_token()
    {
        var random = new Random(4);
        var parts = new TestToken { Payload = $$"""{ {{Claims}},"secret":"hush"}""" }.ToString().Split('.').Select(part => Base64Url.DecodeFromChars(part)).ToArray();
        for (var i = 0; i < 5_000; i++)
        {
            var spoiled = parts.Select(part => part.ToArray()).ToArray();
            for (var flips = random.Next(1, 4); flips > 0; flips--)
                if (spoiled[random.Next(3)] is var part) part[random.Next(part.Length)] = (byte)random.Next(256);

            if (Record.Exception(() => JwtSvidReader.Read(string.Join('.', spoiled.Select(part => Base64Url.EncodeToString(part))))) is not { } e) continue;
            Assert.IsAssignableFrom<FormatException>(e);
            Assert.DoesNotContain("hush", e.ToString(), StringComparison.Ordinal);
        }
    }

    private static DateTimeOffset[] Times(string number)
    {
        var svid = JwtSvidReader.Read(Payload($$"""{"sub":"spiffe://td/web","aud":"a","exp":{{number}},"nbf":{{number}},"iat":{{number}}}"""));
        return [svid.ExpiresAt, svid.NotBefore!.Value, svid.IssuedAt!.Value];
    }

    private static JwtSvid Read(string header) => JwtSvidReader.Read(new TestToken { Header = header }.ToString());

    private static string Payload(string json) => new TestToken { Payload = json }.ToString();

    private static string Shaped(string shape)
    {
        var parts = new TestToken().ToString().Split('.');
        return shape.Replace("{header}", parts[0], StringComparison.Ordinal).Replace("{payload}", parts[1], StringComparison.Ordinal).Replace("{signature}", parts[2], StringComparison.Ordinal);
    }

    private static void AssertRefused(string token, string words) =>
        Assert.Contains(words, Assert.ThrowsAny<FormatException>(() => JwtSvidReader.Read(token)).Message, StringComparison.Ordinal);
}
