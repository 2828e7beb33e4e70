using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using AspNetSpiffe.TestKit;

namespace AspNetSpiffe.Workload.Tests.Bundles;

/// <summary>A key that says what it is for, 'alg' and 'key_ops' beside 'use', is kept for that or left out; the others of the document stay.</summary>
public sealed class JwkPurposeTests
{
    private static readonly TestPki Pki = new("td");

    public static TheoryData<string, string> GoodPurposes => new()
    {
        { "key_ops", """["verify"]""" },
        { "key_ops", """["sign","verify"]""" },
        { "key_ops", """["verify","sign"]""" },
        { "alg", "\"ES256\"" },
    };

    public static TheoryData<string, string, string> OtherPurposes => new()
    {
        { "key_ops", """["encrypt"]""", "its 'key_ops' has 'encrypt'" },
        { "key_ops", """["encrypt","decrypt"]""", "its 'key_ops' has 'encrypt'" },
        { "key_ops", """["wrapKey"]""", "its 'key_ops' has 'wrapKey'" },
        { "key_ops", """["deriveBits"]""", "its 'key_ops' has 'deriveBits'" },
        { "key_ops", """["verify","encrypt"]""", "its 'key_ops' has 'encrypt'" },
        { "key_ops", """["verify","something"]""", "its 'key_ops' has 'something'" },
        { "key_ops", """["Verify"]""", "its 'key_ops' has 'Verify'" },
        { "key_ops", """["sign"]""", "its 'key_ops' has no 'verify'" },
        { "key_ops", "[]", "its 'key_ops' has no 'verify'" },
        { "key_ops", """["verify","verify"]""", "its 'key_ops' has 'verify' twice" },
        { "key_ops", """["sign","verify","sign"]""", "its 'key_ops' has 'sign' twice" },
        { "key_ops", """["verify",1]""", "its 'key_ops' has a value that is not a string" },
        { "key_ops", """["verify",null]""", "its 'key_ops' has a value that is not a string" },
        { "key_ops", "\"verify\"", "its 'key_ops' is not a list" },
        { "key_ops", """{"verify":true}""", "its 'key_ops' is not a list" },
        { "key_ops", "null", "its 'key_ops' is not a list" },
        { "alg", "\"ES384\"", "its 'alg' 'ES384' does not match its key" },
        { "alg", "\"ES512\"", "its 'alg' 'ES512' does not match its key" },
        { "alg", "\"RS256\"", "its 'alg' 'RS256' does not match its key" },
        { "alg", "\"PS512\"", "its 'alg' 'PS512' does not match its key" },
        { "alg", "\"ECDH-ES\"", "its 'alg' 'ECDH-ES' is none of" },
        { "alg", "\"RSA-OAEP\"", "its 'alg' 'RSA-OAEP' is none of" },
        { "alg", "\"HS256\"", "its 'alg' 'HS256' is none of" },
        { "alg", "\"none\"", "its 'alg' 'none' is none of" },
        { "alg", "\"ES521\"", "its 'alg' 'ES521' is none of" },
        { "alg", "\"es256\"", "its 'alg' 'es256' is none of" },
        { "alg", "\"\"", "its 'alg' '' is none of" },
        { "alg", "\"3\"", "its 'alg' '3' is none of" },
        { "alg", "null", "its 'alg' is not a string" },
        { "alg", """["ES256"]""", "its 'alg' is not a string" },
    };

    [Theory, MemberData(nameof(GoodPurposes)), Trait("Trial", "H-25"), Trait("Spec", "TB-19")]
    public void A_key_for_signatures_is_kept(string name, string json)
    {
        var bundle = Read(TestJwk.With(TestJwk.Ec("k1"), name, json), TestJwk.With(TestJwk.X509(Pki.Root.Certificate), name, json));
        Assert.Equal("k1", Assert.Single(bundle.Jwt.Authorities).KeyId);
        Assert.Equal(Pki.Bundle, bundle.X509);
        Assert.Empty(bundle.Remarks);
    }

    [Theory, MemberData(nameof(OtherPurposes)), Trait("Trial", "H-25"), Trait("Spec", "TB-19")]
    public void A_key_of_tokens_for_something_else_is_left_out(string name, string json, string words)
    {
        var bundle = Read(TestJwk.With(TestJwk.Ec("bad"), name, json), TestJwk.Ec("good"));
        Assert.Equal("good", Assert.Single(bundle.Jwt.Authorities).KeyId);
        Assert.Contains(words, Assert.Single(bundle.Remarks), StringComparison.Ordinal);
    }

    [Theory, MemberData(nameof(OtherPurposes)), Trait("Trial", "H-25"), Trait("Spec", "TB-19")]
    public void A_certificate_for_something_else_is_left_out(string name, string json, string words)
    {
        var bundle = Read(TestJwk.With(TestJwk.X509(Pki.CreateRoot().Certificate), name, json), TestJwk.X509(Pki.Root.Certificate));
        Assert.Equal(Pki.Bundle, bundle.X509);
        Assert.Contains(words, Assert.Single(bundle.Remarks), StringComparison.Ordinal);
    }

    [Theory, MemberData(nameof(OtherPurposes)), Trait("Trial", "H-25"), Trait("Spec", "TB-19")]
    public void A_key_without_use_from_the_Workload_API_is_held_to_the_rest_of_what_it_says(string name, string json, string words)
    {
        var remarks = new List<string>();
        var jwk = TestJwk.With(TestJwk.Without(TestJwk.Ec("bad"), "use"), name, json);
        Assert.Empty(JwtBundle.Read(Pki.TrustDomain, TestJwk.Set(jwk), acceptMissingUse: true, remarks).Authorities);
        Assert.Contains(words, Assert.Single(remarks), StringComparison.Ordinal);
    }

    [Theory, Trait("Trial", "H-25"), Trait("Spec", "TB-19")]
    [InlineData("RS256"), InlineData("RS384"), InlineData("RS512"), InlineData("PS256"), InlineData("PS384"), InlineData("PS512")]
    public void An_RSA_key_is_for_one_algorithm_of_RSA_if_it_says_so(string alg)
    {
        using var key = RSA.Create(2048);
        var parameters = key.ExportParameters(false);
        var bundle = Read(TestJwk.With(TestJwk.Rsa("k1", parameters.Modulus!, parameters.Exponent!), "alg", $"\"{alg}\""));
        Assert.Equal(alg, Assert.Single(bundle.Jwt.Authorities).Algorithm);
    }

    [Fact, Trait("Trial", "H-25"), Trait("Spec", "TB-19")]
    public void What_a_key_is_for_is_written_with_it_and_read_again()
    {
        var bundle = Read(TestJwk.With(TestJwk.Ec("k1"), "alg", "\"ES256\""), TestJwk.Ec("k2"));
        Assert.Equal(["ES256", null], bundle.Jwt.Authorities.Select(authority => authority.Algorithm));
        Assert.Equal(bundle, SpiffeBundle.Parse(Pki.TrustDomain, bundle.ToUtf8Json()));
    }

    [Fact, Trait("Trial", "H-25")]
    public void What_a_key_is_for_belongs_to_it()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var open = new JwtAuthority("k1", new PublicKey(key));
        Assert.Null(open.Algorithm);
        Assert.NotEqual(open, new JwtAuthority("k1", new PublicKey(key), "ES256"));
        Assert.Equal(new JwtAuthority("k1", new PublicKey(key), "ES256"), new JwtAuthority("k1", new PublicKey(key), "ES256"));
    }

    [Theory, Trait("Trial", "H-25")]
    [InlineData("RS256"), InlineData("ES384"), InlineData("HS256"), InlineData("es256"), InlineData("")]
    public void A_key_made_by_hand_is_for_an_algorithm_that_goes_with_it(string algorithm)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        Assert.Contains($"'{algorithm}'", Assert.Throws<ArgumentException>(() => new JwtAuthority("k1", new PublicKey(key), algorithm)).Message, StringComparison.Ordinal);
    }

    private static SpiffeBundle Read(params string[] keys) => SpiffeBundle.Parse(Pki.TrustDomain, Encoding.UTF8.GetBytes($$"""{"keys":[{{string.Join(',', keys)}}]}"""));
}
