using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace AspNetSpiffe.Workload.Tests.Bundles;

public sealed class JwtBundleTests
{
    private static readonly TrustDomain Td = TrustDomain.Parse("td");

    private readonly List<string> _remarks = [];

    [Theory]
    [InlineData("P-256", "1.2.840.10045.3.1.7")]
    [InlineData("P-384", "1.3.132.0.34")]
    [InlineData("P-521", "1.3.132.0.35")]
    public void An_elliptic_key_is_read(string crv, string oid)
    {
        using var key = ECDsa.Create(ECCurve.CreateFromValue(oid));
        var authority = Assert.Single(Read(TestJwk.Set(TestJwk.Ec("k1", key, crv))).Authorities);
        Assert.Equal("k1", authority.KeyId);
        Assert.Equal(key.ExportSubjectPublicKeyInfo(), authority.PublicKey.ExportSubjectPublicKeyInfo());
        Assert.Empty(_remarks);
    }

    [Fact]
    public void An_RSA_key_is_read()
    {
        using var key = RSA.Create(2048);
        var parameters = key.ExportParameters(false);
        var authority = Assert.Single(Read(TestJwk.Set(TestJwk.Rsa("k1", parameters.Modulus!, parameters.Exponent!))).Authorities);
        Assert.Equal(key.ExportSubjectPublicKeyInfo(), authority.PublicKey.ExportSubjectPublicKeyInfo());
    }

    [Fact]
    public void An_RSA_key_with_leading_zeros_is_the_same_key()
    {
        using var key = RSA.Create(2048);
        var parameters = key.ExportParameters(false);
        var authority = Assert.Single(Read(TestJwk.Set(TestJwk.Rsa("k1", [0, 0, .. parameters.Modulus!], [0, .. parameters.Exponent!]))).Authorities);
        Assert.Equal(key.ExportSubjectPublicKeyInfo(), authority.PublicKey.ExportSubjectPublicKeyInfo());
    }

    [Theory, Trait("Spec", "TB-02")]
    [InlineData("""{}""", "no list of 'keys'")]
    [InlineData("""{"keys":null}""", "no list of 'keys'")]
    [InlineData("""{"keys":{}}""", "no list of 'keys'")]
    [InlineData("""{"keys":"x"}""", "no list of 'keys'")]
    [InlineData("""[]""", "not a JSON object")]
    [InlineData("""null""", "not a JSON object")]
    [InlineData("", "not valid JSON")]
    [InlineData("""{"keys":[]} x""", "not valid JSON")]
    [InlineData("""{"keys":[],}""", "not valid JSON")]
    [InlineData("""{"keys":[]/**/}""", "not valid JSON")]
    public void A_document_without_keys_is_refused(string json, string words) =>
        Assert.Contains(words, Assert.Throws<FormatException>(() => Read(Encoding.UTF8.GetBytes(json))).Message, StringComparison.Ordinal);

    [Theory, Trait("Spec", "TB-17")]
    [InlineData("""{"keys":[],"keys":[]}""")]
    [InlineData("""{"keys":[],"\u006beys":[]}""")]
    [InlineData("""{"keys":[{"kty":"EC","kty":"RSA"}]}""")]
    [InlineData("""{"keys":[],"x":{"a":1,"a":2}}""")]
    public void A_document_with_a_member_twice_is_refused(string json) =>
        Assert.Contains("a member twice", Assert.Throws<FormatException>(() => Read(Encoding.UTF8.GetBytes(json))).Message, StringComparison.Ordinal);

    [Fact, Trait("Spec", "TB-03")]
    public void No_keys_is_a_bundle_that_trusts_nobody()
    {
        Assert.Empty(Read(TestJwk.Set()).Authorities);
        Assert.Empty(_remarks);
    }

    [Fact, Trait("Spec", "TB-04")]
    public void Unknown_members_are_passed_over() =>
        Assert.Single(Read(Encoding.UTF8.GetBytes($$"""{"spiffe_sequence":"x","other":[1],"keys":[{{TestJwk.Ec("k1")}}]}""")).Authorities);

    [Theory, Trait("Spec", "TB-07")]
    [InlineData("""{"kty":"oct","kid":"bad","k":"AAAA"}""", "its 'kty' 'oct' is neither")]
    [InlineData("""{"kty":"OKP","kid":"bad","crv":"Ed25519","x":"AAAA"}""", "its 'kty' 'OKP' is neither")]
    [InlineData("""{"kty":"ec","kid":"bad"}""", "its 'kty' 'ec' is neither")]
    [InlineData("""{"kid":"bad"}""", "it has no 'kty'")]
    [InlineData("""{"kty":1,"kid":"bad"}""", "it has no 'kty'")]
    [InlineData("""{"kty":"EC","kid":"bad","crv":"P-192","x":"AAAA","y":"AAAA"}""", "its 'crv' is none of")]
    [InlineData("""{"kty":"EC","kid":"bad","crv":"secp256k1","x":"AAAA","y":"AAAA"}""", "its 'crv' is none of")]
    [InlineData("""{"kty":"EC","kid":"bad","crv":"P-256","x":"AAAA","y":"AAAA"}""", "its 'x' has 3 bytes; its curve needs 32")]
    [InlineData("""{"kty":"EC","kid":"bad","crv":"P-256","y":"AAAA"}""", "its 'x' is missing")]
    [InlineData("""{"kty":"EC","kid":"bad","crv":"P-256","x":"A+A/","y":"AAAA"}""", "its 'x' is missing or not valid base64url")]
    [InlineData("""{"kty":"RSA","kid":"bad","e":"AQAB"}""", "its 'n' is missing")]
    [InlineData("""{"kty":"RSA","kid":"bad","n":"","e":"AQAB"}""", "its 'n' has 0 bits")]
    [InlineData(""" "text" """, "it is not a JSON object")]
    [InlineData("""null""", "it is not a JSON object")]
    public void A_key_that_cannot_be_used_costs_itself_only(string bad, string words)
    {
        var bundle = Read(TestJwk.Set(bad, TestJwk.Ec("good")));
        Assert.Equal(["good"], bundle.Authorities.Select(authority => authority.KeyId));
        Assert.Contains(words, Assert.Single(_remarks), StringComparison.Ordinal);
        Assert.Contains("'td'", _remarks[0], StringComparison.Ordinal);
    }

    [Fact]
    public void A_point_that_is_not_on_its_curve_is_left_out()
    {
        var zeros = new string('A', 42) + "E";
        Read(TestJwk.Set($$"""{"kty":"EC","kid":"bad","crv":"P-256","x":"{{zeros}}","y":"{{zeros}}"}"""));
        Assert.Contains("not on its curve", Assert.Single(_remarks), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1024, "its 'n' has 1024 bits")]
    [InlineData(2047, "its 'n' has 2047 bits")]
    [InlineData(8193, "its 'n' has 8193 bits")]
    public void An_RSA_key_of_another_size_is_left_out(int bits, string words)
    {
        var modulus = new byte[(bits + 7) / 8];
        modulus.AsSpan().Fill(0xFF);
        if (bits % 8 != 0) modulus[0] = (byte)((1 << (bits % 8)) - 1);
        Assert.Empty(Read(TestJwk.Set(TestJwk.Rsa("k1", modulus, [1, 0, 1]))).Authorities);
        Assert.Contains(words, Assert.Single(_remarks), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(new byte[] { 1 })]
    [InlineData(new byte[] { 0 })]
    [InlineData(new byte[] { 2 })]
    [InlineData(new byte[] { 1, 0, 0 })]
    [InlineData(new byte[] { 1, 0, 0, 0, 1 })]
    public void An_RSA_key_with_a_dangerous_exponent_is_left_out(byte[] exponent)
    {
        using var key = RSA.Create(2048);
        Assert.Empty(Read(TestJwk.Set(TestJwk.Rsa("k1", key.ExportParameters(false).Modulus!, exponent))).Authorities);
        Assert.Contains("its 'e' is not an odd number", Assert.Single(_remarks), StringComparison.Ordinal);
    }

    [Theory, Trait("Spec", "TB-08"), Trait("Spec", "WA-12")]
    [InlineData("x509-svid")]
    [InlineData("wit-svid")]
    public void A_key_of_other_SVIDs_is_passed_over(string use)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        Assert.Equal(["good"], Read(TestJwk.Set(TestJwk.Ec("other", key, use: use), TestJwk.Ec("good"))).Authorities.Select(authority => authority.KeyId));
        Assert.Empty(_remarks);
    }

    [Theory, Trait("Spec", "TB-08")]
    [InlineData("\"JWT-SVID\"", "'JWT-SVID' is unknown")]
    [InlineData("\"sig\"", "'sig' is unknown")]
    [InlineData("\"\"", "'' is unknown")]
    [InlineData("null", "'use' is not a string")]
    [InlineData("[\"jwt-svid\"]", "'use' is not a string")]
    public void A_key_for_an_unknown_use_is_left_out(string use, string words)
    {
        var other = TestJwk.Ec("other").Replace("\"use\":\"jwt-svid\"", $"\"use\":{use}", StringComparison.Ordinal);
        Assert.Equal(["good"], Read(TestJwk.Set(other, TestJwk.Ec("good"))).Authorities.Select(authority => authority.KeyId));
        Assert.Contains(words, Assert.Single(_remarks), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true, 1), Trait("Spec", "TB-14")]
    [InlineData(false, 0), Trait("Spec", "TB-08")]
    public void A_key_without_use_counts_where_SPIRE_leaves_it_out_and_nowhere_else(bool accept, int count)
    {
        var jwk = TestJwk.Ec("k1").Replace("\"use\":\"jwt-svid\",", "", StringComparison.Ordinal);
        Assert.Equal(count, JwtBundle.Read(Td, TestJwk.Set(jwk), accept, _remarks).Authorities.Length);
        Assert.Equal(accept ? [] : ["A key in the JWT bundle of 'td' is ignored: it has no 'use'."], _remarks);
    }

    [Theory, Trait("Spec", "TB-13")]
    [InlineData("")]
    [InlineData("\"kid\":\"\",")]
    [InlineData("\"kid\":null,")]
    [InlineData("\"kid\":7,")]
    public void A_key_without_a_name_is_left_out(string kid)
    {
        var nameless = TestJwk.Ec("k1").Replace("\"kid\":\"k1\",", kid, StringComparison.Ordinal);
        Assert.Equal(["good"], Read(TestJwk.Set(nameless, TestJwk.Ec("good"))).Authorities.Select(authority => authority.KeyId));
        Assert.Contains("it has no 'kid'", Assert.Single(_remarks), StringComparison.Ordinal);
    }

    [Fact, Trait("Spec", "TB-15")]
    public void Of_two_keys_with_one_name_the_first_counts()
    {
        var first = TestJwk.Ec("k1");
        var bundle = Read(TestJwk.Set(first, TestJwk.Ec("k1"), TestJwk.Ec("k2")));
        Assert.Equal(["k1", "k2"], bundle.Authorities.Select(authority => authority.KeyId));
        Assert.Equal(Assert.Single(Read(TestJwk.Set(first)).Authorities), bundle.Find("k1"));
        Assert.Contains("a second key with the 'kid' 'k1'", Assert.Single(_remarks), StringComparison.Ordinal);
    }

    [Fact, Trait("Spec", "WA-28")]
    public void A_document_over_a_megabyte_is_refused() =>
        Assert.Contains("the limit is 1048576", Assert.Throws<FormatException>(() => Read(new byte[(1024 * 1024) + 1])).Message, StringComparison.Ordinal);

    [Theory, Trait("Spec", "WA-28")]
    [InlineData(1000, true)]
    [InlineData(1001, false)]
    public void A_document_has_at_most_1000_keys(int count, bool accepted)
    {
        var document = TestJwk.Set([.. Enumerable.Repeat("0", count)]);
        if (accepted) Assert.Empty(Read(document).Authorities);
        else Assert.Contains("1001 keys; the limit is 1000", Assert.Throws<FormatException>(() => Read(document)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Half_a_surrogate_pair_costs_its_key_only()
    {
        Assert.Equal(["good"], Read(TestJwk.Set(TestJwk.Ec("\\ud800"), TestJwk.Ec("good"))).Authorities.Select(authority => authority.KeyId));
        Assert.Contains("not valid Unicode", Assert.Single(_remarks), StringComparison.Ordinal);
    }

    [Fact]
    public void A_name_is_found_by_its_exact_letters()
    {
        var bundle = Read(TestJwk.Set(TestJwk.Ec("k1")));
        Assert.Same(bundle.Authorities[0], bundle.Find("k1"));
        Assert.Null(bundle.Find("K1"));
    }

    [Fact]
    public void Bundles_are_equal_by_trust_domain_names_and_keys()
    {
        var (one, other) = (TestJwk.Ec("k1"), TestJwk.Ec("k1"));
        var bundle = Read(TestJwk.Set(one));
        Assert.Equal(bundle, Read(TestJwk.Set(one)));
        Assert.Equal(bundle.GetHashCode(), Read(TestJwk.Set(one)).GetHashCode());
        Assert.NotEqual(bundle, Read(TestJwk.Set(other)));
        Assert.NotEqual(bundle, Read(TestJwk.Set()));
        Assert.NotEqual(bundle, JwtBundle.Read(TrustDomain.Parse("other"), TestJwk.Set(one), true, _remarks));
        Assert.NotEqual(bundle, Read(TestJwk.Set(one.Replace("\"k1\"", "\"k2\"", StringComparison.Ordinal))));
    }

    [Fact]
    public void A_bundle_made_by_hand_has_no_name_twice()
    {
        using var key = ECDsa.Create();
        var authority = new JwtAuthority("k1", new PublicKey(key));
        Assert.Throws<ArgumentException>(() => new JwtBundle(Td, [authority, authority]));
        Assert.Throws<ArgumentException>(() => new JwtAuthority("", new PublicKey(key)));
    }

    public static TheoryData<PublicKey> WeakKeys
    {
        get
        {
            using var rsa = RSA.Create(1024);
            using var strong = RSA.Create(2048);
            using var slow = RSA.Create(new RSAParameters { Modulus = strong.ExportParameters(false).Modulus, Exponent = [1, 0, 0, 0, 1] });
            using var brainpool = ECDsa.Create(ECCurve.NamedCurves.brainpoolP256r1);
            using var dsa = DSA.Create(2048);

            // The last three bytes are the exponent: a key with which anybody can sign.
            var careless = PublicKey.CreateFromSubjectPublicKeyInfo([.. strong.ExportSubjectPublicKeyInfo()[..^3], 0, 0, 1], out _);
            return [new PublicKey(rsa), new PublicKey(slow), new PublicKey(brainpool), new PublicKey(dsa), careless];
        }
    }

    [Theory, MemberData(nameof(WeakKeys)), Trait("Spec", "JW-04")]
    public void An_authority_made_by_hand_has_no_weak_key(PublicKey key) =>
        Assert.Contains("The key 'k1' cannot verify JWT-SVIDs", Assert.Throws<ArgumentException>(() => new JwtAuthority("k1", key)).Message, StringComparison.Ordinal);

    [Fact, Trait("Spec", "TB-16")]
    public void A_set_keeps_trust_domains_apart()
    {
        var (own, other) = (Read(TestJwk.Set(TestJwk.Ec("k1"))), new JwtBundle(TrustDomain.Parse("other"), []));
        var set = new JwtBundleSet([own, other]);
        Assert.Equal(2, set.Count);
        Assert.Same(own, set.Find(Td));
        Assert.Same(other, set.Find(TrustDomain.Parse("other")));
        Assert.Null(set.Find(TrustDomain.Parse("third")));
        Assert.Equal([own, other], set.OrderByDescending(bundle => bundle.Authorities.Length));
        Assert.Throws<ArgumentException>(() => new JwtBundleSet([own, own]));
    }

    [Fact]
    public void Nothing_but_FormatException_is_thrown_on_any_document()
    {
        var random = new Random(3);
        var good = TestJwk.Set(TestJwk.Ec("k1"), """{"kty":"RSA","kid":"k2","use":"jwt-svid","n":"AQAB","e":"AQAB"}""");
        for (var i = 0; i < 5_000; i++)
        {
            byte[] document = [.. good];
            for (var flips = random.Next(1, 4); flips > 0; flips--) document[random.Next(document.Length)] = (byte)random.Next(256);
            if (Record.Exception(() => Read(document)) is { } e) Assert.IsType<FormatException>(e);
        }
    }

    private JwtBundle Read(byte[] document) => JwtBundle.Read(Td, document, acceptMissingUse: true, _remarks);
}
