using System.Buffers.Binary;
using System.Buffers.Text;
using System.Numerics;
using System.Security.Cryptography;
using System.Text;
using AspNetSpiffe.TestKit;

namespace AspNetSpiffe.Workload.Tests.Verification;

/// <summary>Signatures that are nearly right, made with our own keys after the cases of Wycheproof: what a lax verifier takes.</summary>
public sealed class JwtForgeryTests : JwtVerifierTest
{
    private const int Length = 256;

    private static readonly TestKey Rsa = TestKey.Create(KeyKind.Rsa2048);
    private static readonly RSAParameters Private = PrivateOf(Rsa);
    private static readonly BigInteger Modulus = Number(Private.Modulus!);

    // RFC 8017 §9.2: how a digest of SHA-256 is written, and how it is not.
    private static readonly byte[] Sha256Prefix = Convert.FromHexString("3031300d060960864801650304020105000420");

    public static TheoryData<string> Curves => ["ES256", "ES384", "ES512"];

    [Theory, MemberData(nameof(Curves)), Trait("Spec", "JW-16")]
    public void Numbers_at_the_ends_of_their_range_are_no_signature(string alg)
    {
        var (key, order, length) = Curve(alg);
        BigInteger[] ends = [0, 1, 2, order - 1, order, order + 1, BigInteger.Pow(2, 8 * length) - 1];
        foreach (var r in ends)
            foreach (var s in ends)
                AssertBad(Elliptic(key, alg, _ => [.. Bytes(r, length), .. Bytes(s, length)]), key);
    }

    [Theory, MemberData(nameof(Curves)), Trait("Spec", "JW-16")]
    public void Half_of_a_signature_beside_another_number_is_refused(string alg)
    {
        var (key, order, length) = Curve(alg);
        foreach (var end in (BigInteger[])[0, 1, order - 1, order])
        {
            AssertBad(Elliptic(key, alg, good => [.. Bytes(end, length), .. good[length..]]), key);
            AssertBad(Elliptic(key, alg, good => [.. good[..length], .. Bytes(end, length)]), key);
        }

        AssertBad(Elliptic(key, alg, good => [.. good[length..], .. good[..length]]), key);
        AssertBad(Elliptic(key, alg, good => [.. good, 0]), key);
        AssertBad(Elliptic(key, alg, good => [0, .. good[..length], 0, .. good[length..]]), key);
    }

    [Theory, MemberData(nameof(Curves)), Trait("Spec", "JW-16")]
    public void The_mirrored_signature_is_the_keys_too_and_so_a_token_is_not_known_by_its_bytes(string alg)
    {
        var (key, order, length) = Curve(alg);
        AssertAccepted(Verify(Elliptic(key, alg, good => [.. good[..length], .. Bytes(order - Number(good[length..]), length)]), Set(("td", "k1", key))));
    }

    [Theory, Trait("Spec", "JW-16")]
    [InlineData("3031300d060960864801650304020105000420", true)]
    [InlineData("302f300b0609608648016503040201" + "0420", false)]
    [InlineData("308131300d060960864801650304020105000420", false)]
    [InlineData("3031300d06096086480165030402010500048120", false)]
    [InlineData("3041300d060960864801650304020205000430", false)]
    [InlineData("3031300d060960864801650304020305000420", false)]
    [InlineData("3031300d060960864801650304020105010420", false)]
    [InlineData("", false)]
    public void A_digest_is_written_in_one_way_only(string prefix, bool accepted)
    {
        var result = Verify(RsaToken("RS256", hash => Padded([.. Convert.FromHexString(prefix), .. hash])), Set(("td", "k1", Rsa)));
        Assert.Equal(accepted ? JwtRejectionReason.None : JwtRejectionReason.BadSignature, result.Reason);
    }

    [Fact, Trait("Spec", "JW-16")]
    public void Padding_is_whole_and_nothing_stands_behind_the_digest()
    {
        AssertBad(RsaToken("RS256", hash => [0, 1, .. Enumerable.Repeat((byte)0xFF, 8), 0, .. Sha256Prefix, .. hash, .. new byte[Length - 11 - Sha256Prefix.Length - hash.Length]]), Rsa);
        AssertBad(RsaToken("RS256", hash => Spoiled(Padded([.. Sha256Prefix, .. hash]), 0, 1)), Rsa);
        AssertBad(RsaToken("RS256", hash => Spoiled(Padded([.. Sha256Prefix, .. hash]), 1, 2)), Rsa);
        AssertBad(RsaToken("RS256", hash => Spoiled(Padded([.. Sha256Prefix, .. hash]), 2, 0xFE)), Rsa);
        AssertBad(RsaToken("RS256", hash => Spoiled(Padded([.. Sha256Prefix, .. hash]), 9, 0)), Rsa);
        AssertBad(RsaToken("RS256", hash => Padded([.. Sha256Prefix, .. hash, 0])), Rsa);
    }

    [Theory, Trait("Spec", "JW-16")]
    [InlineData("RS256"), InlineData("PS256")]
    public void A_number_that_the_modulus_was_added_to_is_no_signature(string alg)
    {
        foreach (var number in (BigInteger[])[0, 1, Modulus - 1, Modulus])
            AssertBad(Token(alg, _ => Bytes(number, Length)), Rsa);

        // A sum that still fits: the next token, until there is one.
        for (var i = 0; ; i++)
        {
            var signed = Signed(alg, $",\"x\":{i}");
            var signature = Number(Rsa.SignJws(alg, Encoding.ASCII.GetBytes(signed)));
            if (signature + Modulus >= BigInteger.Pow(2, 8 * Length)) continue;
            AssertAccepted(Verify($"{signed}.{Base64Url.EncodeToString(Bytes(signature, Length))}", Set(("td", "k1", Rsa))));
            AssertBad($"{signed}.{Base64Url.EncodeToString(Bytes(signature + Modulus, Length))}", Rsa);
            return;
        }
    }

    [Theory, Trait("Spec", "JW-16")]
    [InlineData(32, true), InlineData(0, false), InlineData(20, false), InlineData(31, false), InlineData(33, false), InlineData(48, false), InlineData(222, false)]
    public void A_salt_is_as_long_as_the_hash(int length, bool accepted)
    {
        var result = Verify(RsaToken("PS256", hash => Salted(hash, new byte[length], HashAlgorithmName.SHA256)), Set(("td", "k1", Rsa)));
        Assert.Equal(accepted ? JwtRejectionReason.None : JwtRejectionReason.BadSignature, result.Reason);
    }

    [Fact, Trait("Spec", "JW-16")]
    public void The_mask_is_of_the_same_hash_and_the_last_byte_is_the_one_that_it_is()
    {
        AssertBad(RsaToken("PS256", hash => Salted(hash, new byte[32], HashAlgorithmName.SHA384)), Rsa);
        AssertBad(RsaToken("PS256", hash => Spoiled(Salted(hash, new byte[32], HashAlgorithmName.SHA256), Length - 1, 0xCC)), Rsa);
        AssertBad(RsaToken("PS256", hash => Spoiled(Salted(hash, new byte[32], HashAlgorithmName.SHA256), Length - 2, 0)), Rsa);
    }

    [Fact, Trait("Spec", "JW-01")]
    public void White_space_in_the_JSON_of_a_header_is_no_harm() => AssertAccepted(VerifyHeader("{ \"kid\" :\t\"k1\",\r\n\"alg\": \"ES256\" }"));

    [Fact, Trait("Spec", "JW-02")]
    public void A_key_that_a_token_brings_along_counts_for_nothing()
    {
        var own = TestKey.Create(KeyKind.P256);
        var jwk = Encoding.UTF8.GetString(new SpiffeBundle(new(TrustDomain.Parse("td"), []), new(TrustDomain.Parse("td"), [new("k1", own.PublicKey)])).ToUtf8Json())["{\"keys\":[".Length..^2];
        AssertRefused(JwtRejectionReason.BadSignature, Verify(new TestToken { Header = $$"""{"alg":"ES256","kid":"k1","jwk":{{jwk}}}""" }.SignedBy(own)));
    }

    private static string Signed(string alg, string more = "")
    {
        var token = new TestToken { Header = $$"""{"alg":"{{alg}}","kid":"k1"{{more}}}""" }.ToString();
        return token[..token.LastIndexOf('.')];
    }

    private static string Token(string alg, Func<byte[], byte[]> sign)
    {
        var signed = Signed(alg);
        return $"{signed}.{Base64Url.EncodeToString(sign(Encoding.ASCII.GetBytes(signed)))}";
    }

    private static string Elliptic(TestKey key, string alg, Func<byte[], byte[]> spoil) => Token(alg, signed => spoil(key.SignJws(alg, signed)));

    // The private key takes any number: what stands in it is ours to write.
    private static string RsaToken(string alg, Func<byte[], byte[]> encode) =>
        Token(alg, signed => Bytes(BigInteger.ModPow(Number(encode(SHA256.HashData(signed))), Number(Private.D!), Modulus), Length));

    // RFC 8017 §9.2.
    private static byte[] Padded(byte[] digest) => [0, 1, .. Enumerable.Repeat((byte)0xFF, Length - 3 - digest.Length), 0, .. digest];

    // RFC 8017 §9.1.1, with a mask of any hash.
    private static byte[] Salted(byte[] hash, byte[] salt, HashAlgorithmName mask)
    {
        var h = SHA256.HashData([.. new byte[8], .. hash, .. salt]);
        byte[] data = [.. new byte[Length - salt.Length - h.Length - 2], 1, .. salt];
        for (var (i, counter) = (0, 0); i < data.Length; counter++)
        {
            var block = new byte[4];
            BinaryPrimitives.WriteInt32BigEndian(block, counter);
            foreach (var b in CryptographicOperations.HashData(mask, [.. h, .. block]))
                if (i < data.Length)
                    data[i++] ^= b;
        }

        data[0] &= 0x7F;
        return [.. data, .. h, 0xBC];
    }

    private static byte[] Spoiled(byte[] bytes, int at, byte value)
    {
        bytes[at] = value;
        return bytes;
    }

    private static (TestKey Key, BigInteger Order, int Length) Curve(string alg) => alg switch
    {
        "ES256" => (TestKey.Create(KeyKind.P256), Order("FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551"), 32),
        "ES384" => (TestKey.Create(KeyKind.P384), Order("FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFC7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973"), 48),
        _ => (TestKey.Create(KeyKind.P521), Order("01FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFA51868783BF2F966B7FCC0148F709A5D03BB5C9B8899C47AEBB6FB71E91386409"), 66),
    };

    private static RSAParameters PrivateOf(TestKey key)
    {
        using var rsa = RSA.Create();
        rsa.ImportPkcs8PrivateKey(key.Pkcs8, out _);
        return rsa.ExportParameters(includePrivateParameters: true);
    }

    private static BigInteger Order(string hex) => Number(Convert.FromHexString(hex));

    private static BigInteger Number(byte[] bytes) => new(bytes, isUnsigned: true, isBigEndian: true);

    private static byte[] Bytes(BigInteger number, int length)
    {
        var bytes = number.ToByteArray(isUnsigned: true, isBigEndian: true);
        return [.. new byte[length - bytes.Length], .. bytes];
    }

    private void AssertBad(string token, TestKey key) => AssertRefused(JwtRejectionReason.BadSignature, Verify(token, Set(("td", "k1", key))));
}
