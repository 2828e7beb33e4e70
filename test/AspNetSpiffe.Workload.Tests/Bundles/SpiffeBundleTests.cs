using System.Security.Cryptography;
using System.Text;
using AspNetSpiffe.TestKit;

namespace AspNetSpiffe.Workload.Tests.Bundles;

public sealed class SpiffeBundleTests
{
    private static readonly TestPki Pki = new("td");
    private static readonly string Ca = Convert.ToBase64String(Pki.Root.Certificate.RawData);

    [Fact, Trait("Spec", "TB-01"), Trait("Spec", "TB-12")]
    public void What_is_written_is_read_again_whole()
    {
        using var elliptic = ECDsa.Create(ECCurve.NamedCurves.nistP384);
        using var rsa = RSA.Create(2048);
        var bundle = new SpiffeBundle(
            new(Pki.TrustDomain, [Pki.Root.Certificate, Pki.CreateRoot(r => r with { Key = KeyKind.Rsa2048 }).Certificate]),
            new(Pki.TrustDomain, [new("k1", new(elliptic)), new("k2", new(rsa))]),
            sequence: ulong.MaxValue,
            refreshHint: TimeSpan.FromMinutes(5));

        var again = SpiffeBundle.Parse(Pki.TrustDomain, bundle.ToUtf8Json());
        Assert.Equal(bundle, again);
        Assert.Empty(again.Remarks);
    }

    [Fact, Trait("Spec", "TB-12")]
    public void A_written_certificate_has_no_kid_and_one_value_and_a_written_key_has_a_kid()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var json = Encoding.UTF8.GetString(new SpiffeBundle(Pki.Bundle, new(Pki.TrustDomain, [new("k1", new(key))])).ToUtf8Json());
        Assert.Matches("""^\{"keys":\[\{"use":"x509-svid","kty":"EC","crv":"P-256","x":"[^"]+","y":"[^"]+","x5c":\["[^"]+"\]\},\{"use":"jwt-svid","kid":"k1",[^{}]+\}\]\}$""", json);
    }

    [Theory, Trait("Spec", "TB-01")]
    [InlineData("", "not valid JSON")]
    [InlineData("[]", "not a JSON object")]
    [InlineData("{}", "no list of 'keys'")]
    [InlineData("""{"keys":null}""", "no list of 'keys'")]
    [InlineData("""{"keys":[],"keys":[]}""", "a member twice")]
    public void What_is_no_JWK_Set_is_refused(string json, string words) => Refused(json, words);

    [Fact, Trait("Spec", "TB-03")]
    public void A_document_without_keys_trusts_nobody()
    {
        var bundle = Read("""{"keys":[]}""");
        Assert.Empty(bundle.X509.Authorities);
        Assert.Empty(bundle.Jwt.Authorities);
        Assert.Empty(bundle.Remarks);
    }

    [Theory, Trait("Spec", "TB-05")]
    [InlineData("0", 0)]
    [InlineData("18446744073709551615", ulong.MaxValue)]
    public void A_sequence_has_64_bits(string number, ulong sequence) => Assert.Equal(sequence, Read($$"""{"keys":[],"spiffe_sequence":{{number}}}""").Sequence);

    [Theory, Trait("Spec", "TB-05")]
    [InlineData("18446744073709551616")]
    [InlineData("-1")]
    [InlineData("1.5")]
    [InlineData("1e3")]
    [InlineData("\"1\"")]
    [InlineData("null"), Trait("Trial", "A-14"), Trait("Spec", "TB-21")]
    public void A_sequence_that_is_no_whole_number_is_refused(string number) => Refused($$"""{"keys":[],"spiffe_sequence":{{number}}}""", "'spiffe_sequence'");

    [Theory, Trait("Spec", "TB-06")]
    [InlineData("300", 300)]
    [InlineData("60", 60)]
    [InlineData("59", 60)]
    [InlineData("0", 60)]
    [InlineData("-9223372036854775808", 60)]
    [InlineData("86401", 86400)]
    [InlineData("9223372036854775807", 86400)]
    [InlineData("9223372036854775808", 86400), Trait("Spec", "TB-21")]
    [InlineData("-1e400", 60)]
    [InlineData("1e400", 86400)]
    [InlineData("3e2", 300)]
    [InlineData("300.0", 300)]
    public void A_refresh_hint_stays_between_a_minute_and_a_day(string number, int seconds) =>
        Assert.Equal(TimeSpan.FromSeconds(seconds), Read($$"""{"keys":[],"spiffe_refresh_hint":{{number}}}""").RefreshHint);

    [Theory, Trait("Spec", "TB-06")]
    [InlineData("1.5")]
    [InlineData("\"300\"")]
    [InlineData("[300]")]
    [InlineData("null"), Trait("Trial", "A-14"), Trait("Spec", "TB-21")]
    public void A_refresh_hint_that_is_no_whole_number_is_refused(string number) => Refused($$"""{"keys":[],"spiffe_refresh_hint":{{number}}}""", "'spiffe_refresh_hint'");

    [Fact]
    public void Without_sequence_and_hint_there_are_none()
    {
        var bundle = Read("""{"keys":[]}""");
        Assert.Null(bundle.Sequence);
        Assert.Null(bundle.RefreshHint);
    }

    [Theory, Trait("Spec", "TB-09")]
    [InlineData("")]
    [InlineData(""","x5c":[]""")]
    [InlineData(""","x5c":null""")]
    [InlineData(""","x5c":"MIIB" """)]
    public void A_certificate_entry_without_a_certificate_is_left_out(string x5c) => LeftOut($$"""{"kty":"EC","use":"x509-svid"{{x5c}}}""", "it has no 'x5c'");

    [Fact, Trait("Spec", "TB-10")]
    public void Of_several_certificates_in_an_entry_the_first_counts()
    {
        var second = Convert.ToBase64String(Pki.CreateRoot().Certificate.RawData);
        var bundle = Read($$"""{"keys":[{{TestJwk.With(TestJwk.X509(Pki.Root.Certificate), "x5c", $"[\"{Ca}\",\"{second}\"]")}}]}""");
        Assert.Equal(Pki.Bundle, bundle.X509);
    }

    [Fact, Trait("Spec", "TB-11")]
    public void A_certificate_in_base64url_is_left_out()
    {
        // Whichever root has one of the two characters that differ.
        var root = Enumerable.Range(0, 100).Select(_ => Pki.CreateRoot().Certificate).First(root => Convert.ToBase64String(root.RawData).Contains('+', StringComparison.Ordinal));
        Assert.Single(Read($$"""{"keys":[{{TestJwk.X509(root)}}]}""").X509.Authorities);
        LeftOut(TestJwk.With(TestJwk.X509(root), "x5c", $"[\"{Convert.ToBase64String(root.RawData).Replace('+', '-').Replace('/', '_')}\"]"), "not valid base64");
    }

    [Fact, Trait("Spec", "TB-11")]
    public void A_certificate_in_PEM_is_left_out()
    {
        LeftOut($$"""{"kty":"EC","use":"x509-svid","x5c":["-----BEGIN CERTIFICATE-----\n{{Ca}}\n-----END CERTIFICATE-----"]}""", "not valid base64");

        var pem = Convert.ToBase64String(Encoding.ASCII.GetBytes(Pki.Root.Certificate.ExportCertificatePem()));
        LeftOut($$"""{"kty":"EC","use":"x509-svid","x5c":["{{pem}}"]}""", "no DER certificate at byte 0");
    }

    [Fact]
    public void Two_certificates_in_one_value_are_left_out() =>
        LeftOut($$"""{"kty":"EC","use":"x509-svid","x5c":["{{Convert.ToBase64String(TestPki.Der([Pki.Root.Certificate, Pki.CreateRoot().Certificate]))}}"]}""", "not one DER certificate");

    [Fact, Trait("Spec", "XV-l")]
    public void A_leaf_among_the_certificates_is_left_out() =>
        LeftOut($$"""{"kty":"EC","use":"x509-svid","x5c":["{{Convert.ToBase64String(Pki.SelfSignedLeaf().RawData)}}"]}""", "not a CA");

    [Fact]
    public void A_certificate_whose_key_is_no_point_of_its_curve_is_left_out()
    {
        // The fuzzer found it: the point is the last of the key's bytes in the certificate.
        var der = Pki.Root.Certificate.RawData;
        der[der.AsSpan().IndexOf(Pki.Root.Certificate.GetPublicKey()) + 64] ^= 1;
        LeftOut($$"""{"kty":"EC","use":"x509-svid","x5c":["{{Convert.ToBase64String(der)}}"]}""", "cannot be read");
    }

    [Theory, Trait("Spec", "TB-07")]
    [InlineData("\"OKP\"")]
    [InlineData("\"ec\"")]
    [InlineData("null")]
    public void A_certificate_entry_of_an_unknown_kty_is_left_out(string kty) => LeftOut($$"""{"kty":{{kty}},"use":"x509-svid","x5c":["{{Ca}}"]}""", "'kty'");

    [Theory, Trait("Spec", "TB-08")]
    [InlineData(""","use":"X509-SVID" """)]
    [InlineData(""","use":"sig" """)]
    [InlineData(""","use":["x509-svid"]""")]
    [InlineData("")]
    public void A_certificate_entry_of_an_unknown_use_or_none_is_left_out(string use) => LeftOut($$"""{"kty":"EC"{{use}},"x5c":["{{Ca}}"]}""", "'use'");

    [Fact, Trait("Spec", "TB-08")]
    public void A_WIT_key_is_passed_over_in_silence()
    {
        var bundle = Read("""{"keys":[{"kty":"EC","use":"wit-svid","kid":"w"}]}""");
        Assert.Empty(bundle.X509.Authorities);
        Assert.Empty(bundle.Jwt.Authorities);
        Assert.Empty(bundle.Remarks);
    }

    [Fact]
    public void A_text_that_is_no_Unicode_costs_its_entry() => LeftOut("""{"kty":"\ud800","use":"x509-svid"}""", "not valid Unicode");

    [Fact]
    public void A_key_on_a_curve_without_a_JWK_is_not_written_as_another()
    {
        var root = Pki.CreateRoot(r => r with { Key = KeyKind.BrainpoolP256 });
        var bundle = new SpiffeBundle(new(Pki.TrustDomain, [root.Certificate]), new(Pki.TrustDomain, []));
        Assert.Throws<NotSupportedException>(bundle.ToUtf8Json);
    }

    [Fact, Trait("Spec", "TB-16")]
    public void A_bundle_is_of_one_trust_domain() =>
        Assert.Contains("'td' and 'other'", Assert.Throws<ArgumentException>(() => new SpiffeBundle(Pki.Bundle, new(TrustDomain.Parse("other"), []))).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData(59)]
    [InlineData(60.5)]
    [InlineData(86401)]
    public void The_publishers_refresh_hint_is_checked(double seconds) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new SpiffeBundle(Pki.Bundle, new(Pki.TrustDomain, []), refreshHint: TimeSpan.FromSeconds(seconds)));

    private static SpiffeBundle Read(string json) => SpiffeBundle.Parse(Pki.TrustDomain, Encoding.UTF8.GetBytes(json));

    private static void Refused(string json, string words) =>
        Assert.Contains(words, Assert.Throws<FormatException>(() => Read(json)).Message, StringComparison.Ordinal);

    // The good entry beside it stays.
    private static void LeftOut(string entry, string words)
    {
        var bundle = Read($$"""{"keys":[{{entry}},{{TestJwk.X509(Pki.Root.Certificate)}}]}""");
        Assert.Equal(Pki.Bundle, bundle.X509);
        Assert.Contains(words, Assert.Single(bundle.Remarks), StringComparison.Ordinal);
    }
}
