using System.Buffers.Text;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using AspNetSpiffe.TestKit;

namespace AspNetSpiffe.Workload.Tests.Bundles;

/// <summary>An entry that has a certificate and a key says the same with both, or is left out (RFC 7517 §4.7).</summary>
public sealed class JwkCertificateTests
{
    private static readonly TestPki Pki = new("td");

    [Theory, Trait("Trial", "A-06"), Trait("Spec", "TB-20")]
    [InlineData(KeyKind.P256), InlineData(KeyKind.P384), InlineData(KeyKind.P521), InlineData(KeyKind.Rsa2048)]
    public void A_certificate_with_its_own_key_counts(KeyKind kind)
    {
        var root = Root(kind);
        var bundle = Read(TestJwk.X509(root));
        Assert.Equal(root.RawData, Assert.Single(bundle.X509.Authorities).RawData);
        Assert.Empty(bundle.Remarks);
    }

    [Theory, Trait("Trial", "A-06"), Trait("Spec", "TB-20")]
    [InlineData(KeyKind.P256, "kty", "its 'kty' is neither")]
    [InlineData(KeyKind.P256, "crv", "its 'crv' is none of")]
    [InlineData(KeyKind.P384, "crv", "its 'crv' is none of")]
    [InlineData(KeyKind.P256, "x", "its 'x' is missing")]
    [InlineData(KeyKind.P521, "x", "its 'x' is missing")]
    [InlineData(KeyKind.P256, "y", "its 'y' is missing")]
    [InlineData(KeyKind.Rsa2048, "kty", "its 'kty' is neither")]
    [InlineData(KeyKind.Rsa2048, "n", "its 'n' is missing")]
    [InlineData(KeyKind.Rsa2048, "e", "its 'e' is missing")]
    public void A_certificate_without_a_member_of_its_key_is_left_out(KeyKind kind, string name, string words) =>
        LeftOut(TestJwk.Without(TestJwk.X509(Root(kind)), name), words);

    [Theory, Trait("Trial", "A-06"), Trait("Spec", "TB-20")]
    [InlineData(KeyKind.P256, "crv", "\"P-384\"", "its 'x' has 32 bytes")]
    [InlineData(KeyKind.P256, "crv", "\"secp256k1\"", "its 'crv' is none of")]
    [InlineData(KeyKind.P256, "crv", "null", "its 'crv' is none of")]
    [InlineData(KeyKind.P256, "x", "\"AAAA\"", "its 'x' has 3 bytes")]
    [InlineData(KeyKind.P256, "x", "7", "its 'x' is missing")]
    [InlineData(KeyKind.P256, "kty", "\"RSA\"", "its 'n' is missing")]
    [InlineData(KeyKind.Rsa2048, "kty", "\"EC\"", "its 'crv' is none of")]
    [InlineData(KeyKind.Rsa2048, "n", "\"AQAB\"", "its 'n' has 17 bits")]
    [InlineData(KeyKind.Rsa2048, "e", "\"Aw\"", "the key of its certificate differs")]
    [InlineData(KeyKind.Rsa2048, "e", "\"AQ\"", "its 'e' is not an odd number")]
    public void A_certificate_with_a_bad_member_is_left_out(KeyKind kind, string name, string json, string words) =>
        LeftOut(TestJwk.With(TestJwk.X509(Root(kind)), name, json), words);

    [Theory, Trait("Trial", "A-06"), Trait("Spec", "TB-20")]
    [InlineData(KeyKind.P256, KeyKind.P256), InlineData(KeyKind.P384, KeyKind.P384), InlineData(KeyKind.P521, KeyKind.P521)]
    [InlineData(KeyKind.P256, KeyKind.P384), InlineData(KeyKind.Rsa2048, KeyKind.P256), InlineData(KeyKind.P256, KeyKind.Rsa2048)]
    public void A_certificate_beside_another_key_is_left_out(KeyKind certificate, KeyKind key) =>
        LeftOut(TestJwk.With(TestJwk.X509(Root(key)), "x5c", $"[\"{Convert.ToBase64String(Root(certificate).RawData)}\"]"), "the key of its certificate differs");

    [Fact, Trait("Trial", "A-06"), Trait("Spec", "TB-20")]
    public void An_RSA_certificate_beside_another_RSA_key_is_left_out()
    {
        using var other = RSA.Create(2048);
        LeftOut(TestJwk.With(TestJwk.X509(Root(KeyKind.Rsa2048)), "n", $"\"{Base64Url.EncodeToString(other.ExportParameters(false).Modulus)}\""), "the key of its certificate differs");
    }

    [Fact, Trait("Trial", "A-06"), Trait("Spec", "TB-20")]
    public void The_other_half_of_a_point_is_another_key()
    {
        using var key = Pki.Root.Certificate.GetECDsaPublicKey();
        var y = key!.ExportParameters(false).Q.Y!;
        var mirrored = (new System.Numerics.BigInteger(Convert.FromHexString("FFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFF"), true, true) - new System.Numerics.BigInteger(y, true, true)).ToByteArray(true, true);
        LeftOut(TestJwk.With(TestJwk.X509(Pki.Root.Certificate), "y", $"\"{Base64Url.EncodeToString([.. new byte[32 - mirrored.Length], .. mirrored])}\""), "the key of its certificate differs");
    }

    [Fact, Trait("Trial", "A-06"), Trait("Spec", "TB-20"), Trait("Spec", "TB-10")]
    public void Of_several_certificates_the_first_has_the_key()
    {
        var (own, other) = (Convert.ToBase64String(Pki.Root.Certificate.RawData), Convert.ToBase64String(Pki.CreateRoot().Certificate.RawData));
        Assert.Equal(Pki.Bundle, Read(TestJwk.With(TestJwk.X509(Pki.Root.Certificate), "x5c", $"[\"{own}\",\"{other}\"]")).X509);
        LeftOut(TestJwk.With(TestJwk.X509(Pki.Root.Certificate), "x5c", $"[\"{other}\",\"{own}\"]"), "the key of its certificate differs");
    }

    [Theory, Trait("Trial", "A-06"), Trait("Spec", "TB-20")]
    [InlineData("x5t"), InlineData("x5t#S256")]
    public void A_thumbprint_is_of_the_certificate(string name)
    {
        var root = Pki.Root.Certificate;
        var hash = name == "x5t" ? root.GetCertHash() : root.GetCertHash(HashAlgorithmName.SHA256);
        var good = TestJwk.With(TestJwk.X509(root), name, $"\"{Base64Url.EncodeToString(hash)}\"");
        Assert.Equal(Pki.Bundle, Read(good).X509);

        hash[0] ^= 1;
        LeftOut(TestJwk.With(good, name, $"\"{Base64Url.EncodeToString(hash)}\""), $"its '{name}' does not match its certificate");
        LeftOut(TestJwk.With(good, name, "null"), $"its '{name}' does not match its certificate");
    }

    [Fact, Trait("Trial", "A-06"), Trait("Spec", "TB-20")]
    public void A_key_of_tokens_beside_the_certificate_of_another_is_left_out()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var certificate = new CertificateRequest("CN=k1", key, HashAlgorithmName.SHA256).CreateSelfSigned(DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddYears(100));
        var jwk = TestJwk.With(TestJwk.Ec("k1", key), "x5c", $"[\"{Convert.ToBase64String(certificate.RawData)}\"]");
        Assert.Equal("k1", Assert.Single(Read(jwk).Jwt.Authorities).KeyId);

        var bundle = Read(TestJwk.With(TestJwk.Ec("k1"), "x5c", $"[\"{Convert.ToBase64String(certificate.RawData)}\"]"), TestJwk.Ec("k2"));
        Assert.Equal("k2", Assert.Single(bundle.Jwt.Authorities).KeyId);
        Assert.Contains("the key of its certificate differs", Assert.Single(bundle.Remarks), StringComparison.Ordinal);
    }

    private static X509Certificate2 Root(KeyKind kind) => Pki.CreateRoot(root => root with { Key = kind }).Certificate;

    private static SpiffeBundle Read(params string[] keys) => SpiffeBundle.Parse(Pki.TrustDomain, Encoding.UTF8.GetBytes($$"""{"keys":[{{string.Join(',', keys)}}]}"""));

    // The good entry beside it stays.
    private static void LeftOut(string entry, string words)
    {
        var bundle = Read(entry, TestJwk.X509(Pki.Root.Certificate));
        Assert.Equal(Pki.Bundle, bundle.X509);
        Assert.Contains(words, Assert.Single(bundle.Remarks), StringComparison.Ordinal);
    }
}
