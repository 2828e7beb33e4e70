using System.Buffers.Text;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using AspNetSpiffe.TestKit;

namespace AspNetSpiffe.Workload.Tests.Verification;

/// <summary>Signatures of all nine algorithms, by the right keys and the wrong ones.</summary>
public sealed class JwtSignatureTests : JwtVerifierTest
{
    [Theory]
    [Trait("Spec", "JW-04"), Trait("Spec", "JW-05"), Trait("Spec", "JW-16")]
    [InlineData("RS256", KeyKind.Rsa2048), InlineData("RS384", KeyKind.Rsa2048), InlineData("RS512", KeyKind.Rsa2048)]
    [InlineData("PS256", KeyKind.Rsa2048), InlineData("PS384", KeyKind.Rsa2048), InlineData("PS512", KeyKind.Rsa2048)]
    [InlineData("ES256", KeyKind.P256), InlineData("ES384", KeyKind.P384), InlineData("ES512", KeyKind.P521)]
    public void Each_algorithm_verifies_with_its_key_and_with_no_other(string alg, KeyKind kind)
    {
        var key = TestKey.Create(kind);
        var token = new TestToken { Header = $$"""{"alg":"{{alg}}","kid":"k1"}""" }.SignedBy(key, alg);

        AssertAccepted(Verify(token, Set(("td", "k1", key))));
        using var other = (AsymmetricAlgorithm)(kind == KeyKind.Rsa2048 ? RSA.Create(2048) : ECDsa.Create(CurveOf(kind)));
        AssertRefused(JwtRejectionReason.BadSignature, Verify(token, Set(("td", new PublicKey(other)))));
        AssertRefused(JwtRejectionReason.BadSignature, Verify(WithSignature(token, bytes => bytes[^1] ^= 1), Set(("td", "k1", key))));
    }

    [Theory, Trait("Spec", "JW-05")]
    [InlineData("RS256", KeyKind.P256), InlineData("PS256", KeyKind.P256), InlineData("RS512", KeyKind.P521)]
    [InlineData("ES256", KeyKind.Rsa2048), InlineData("ES512", KeyKind.Rsa2048)]
    [InlineData("ES384", KeyKind.P256), InlineData("ES512", KeyKind.P256)]
    [InlineData("ES256", KeyKind.P384), InlineData("ES512", KeyKind.P384)]
    [InlineData("ES256", KeyKind.P521), InlineData("ES384", KeyKind.P521)]
    public void An_algorithm_with_a_key_of_another_type_or_curve_is_refused_though_the_key_has_signed(string alg, KeyKind kind)
    {
        var key = TestKey.Create(kind);
        var named = new TestToken { Header = $$"""{"alg":"{{alg}}","kid":"k1"}""" }.SignedBy(key, alg);
        var unnamed = new TestToken { Header = $$"""{"alg":"{{alg}}"}""" }.SignedBy(key, alg);
        AssertRefused(JwtRejectionReason.WrongKeyType, Verify(named, Set(("td", "k1", key))));
        AssertRefused(JwtRejectionReason.UnknownKey, Verify(unnamed, Set(("td", "k1", key))));
    }

    [Theory, Trait("Spec", "JW-16")]
    [InlineData("RS256", "PS256"), InlineData("PS256", "RS256"), InlineData("RS256", "RS512"), InlineData("RS384", "RS256"), InlineData("PS512", "PS256")]
    public void An_RSA_signature_of_another_algorithm_is_wrong(string alg, string other)
    {
        var key = TestKey.Create(KeyKind.Rsa2048);
        var token = new TestToken { Header = $$"""{"alg":"{{alg}}","kid":"k1"}""" };
        AssertRefused(JwtRejectionReason.BadSignature, Verify(token.SignedBy(key, other), Set(("td", "k1", key))));
        AssertAccepted(Verify(token.SignedBy(key, alg), Set(("td", "k1", key))));
    }

    [Fact, Trait("Spec", "JW-16")]
    public void One_flipped_bit_anywhere_is_refused()
    {
        var token = new TestToken().SignedBy(Key);
        var signature = Base64Url.DecodeFromChars(token.AsSpan(token.LastIndexOf('.') + 1));
        for (var bit = 0; bit < signature.Length * 8; bit++)
        {
            var at = bit;
            AssertRefused(JwtRejectionReason.BadSignature, Verify(WithSignature(token, bytes => bytes[at / 8] ^= (byte)(1 << (at % 8)))));
        }

        AssertAccepted(Verify(token));
    }

    [Fact, Trait("Spec", "JW-16")]
    public void Another_payload_or_header_under_a_good_signature_is_refused()
    {
        var good = new TestToken().SignedBy(Key).Split('.');
        var admin = TestToken.For("spiffe://td/admin", "aud").ToString().Split('.');
        var header = new TestToken { Header = """{"alg":"ES256","kid":"k1"}""" }.ToString().Split('.');
        AssertRefused(JwtRejectionReason.BadSignature, Verify($"{good[0]}.{admin[1]}.{good[2]}"));
        AssertRefused(JwtRejectionReason.BadSignature, Verify($"{header[0]}.{good[1]}.{good[2]}"));
        AssertAccepted(Verify(string.Join('.', good)));
    }

    [Theory, Trait("Spec", "JW-16")]
    [InlineData(1), InlineData(31), InlineData(63), InlineData(65), InlineData(66), InlineData(96), InlineData(128)]
    public void An_elliptic_signature_of_another_length_is_refused(int length)
    {
        var token = new TestToken().SignedBy(Key);
        AssertRefused(JwtRejectionReason.BadSignature, Verify(WithSignature(token, good => [.. good.Concat(good).Take(length)])));
        AssertRefused(JwtRejectionReason.BadSignature, Verify(WithSignature(token, good => [.. new byte[length], .. good])));
    }

    [Fact, Trait("Spec", "JW-16")]
    public void A_signature_that_is_all_zeros_or_padded_between_its_halves_is_refused()
    {
        var token = new TestToken().SignedBy(Key);
        AssertRefused(JwtRejectionReason.BadSignature, Verify(WithSignature(token, _ => new byte[64])));
        AssertRefused(JwtRejectionReason.BadSignature, Verify(WithSignature(token, good => [0, .. good[..32], 0, .. good[32..]])));
    }

    [Fact, Trait("Spec", "JW-16")]
    public void A_signature_in_DER_is_refused()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var token = new TestToken().ToString();
        var signed = Encoding.ASCII.GetBytes(token[..token.LastIndexOf('.')]);
        var bundles = Set(("td", new PublicKey(key)));
        AssertAccepted(Verify(WithSignature(token, _ => key.SignData(signed, HashAlgorithmName.SHA256)), bundles));
        AssertRefused(JwtRejectionReason.BadSignature, Verify(WithSignature(token, _ => key.SignData(signed, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence)), bundles));
    }

    [Theory, Trait("Spec", "JW-16")]
    [InlineData(1), InlineData(255), InlineData(257), InlineData(512)]
    public void An_RSA_signature_of_another_length_is_refused(int length)
    {
        var key = TestKey.Create(KeyKind.Rsa2048);
        var token = new TestToken { Header = """{"alg":"RS256","kid":"k1"}""" }.SignedBy(key, "RS256");
        AssertRefused(JwtRejectionReason.BadSignature, Verify(WithSignature(token, _ => new byte[length]), Set(("td", "k1", key))));
        AssertRefused(JwtRejectionReason.BadSignature, Verify(WithSignature(token, good => [.. new byte[length], .. good]), Set(("td", "k1", key))));
    }

    [Theory, Trait("Spec", "JW-04")]
    [InlineData("HS256"), InlineData("none")]
    public void A_token_signed_with_the_public_key_as_a_secret_or_not_at_all_is_refused(string alg)
    {
        var token = new TestToken { Header = $$"""{"alg":"{{alg}}","kid":"k1"}""" }.ToString();
        var signed = Encoding.ASCII.GetBytes(token[..token.LastIndexOf('.')]);
        AssertRefused(JwtRejectionReason.UnsupportedAlgorithm, Verify(WithSignature(token, _ => HMACSHA256.HashData(Key.PublicKey.ExportSubjectPublicKeyInfo(), signed))));
    }

    private static ECCurve CurveOf(KeyKind kind) =>
        kind switch { KeyKind.P256 => ECCurve.NamedCurves.nistP256, KeyKind.P384 => ECCurve.NamedCurves.nistP384, _ => ECCurve.NamedCurves.nistP521 };

    private static JwtBundleSet Set((string TrustDomain, PublicKey Key) one) =>
        new([new JwtBundle(TrustDomain.Parse(one.TrustDomain), [new JwtAuthority("k1", one.Key)])]);

    private static string WithSignature(string token, Action<byte[]> spoil) => WithSignature(token, bytes =>
    {
        spoil(bytes);
        return bytes;
    });

    private static string WithSignature(string token, Func<byte[], byte[]> replace)
    {
        var start = token.LastIndexOf('.') + 1;
        return token[..start] + Base64Url.EncodeToString(replace(Base64Url.DecodeFromChars(token.AsSpan(start))));
    }
}
