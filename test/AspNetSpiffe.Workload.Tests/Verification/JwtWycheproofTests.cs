using AspNetSpiffe.TestKit;

namespace AspNetSpiffe.Workload.Tests.Verification;

/// <summary>Every vector of Wycheproof's has the verdict that it expects, or stands here with the reason why not.</summary>
public sealed class JwtWycheproofTests
{
    private const string Symmetric = "Nothing symmetric signs a JWT-SVID (JWT-SVID §2.1).";
    private const string Empty = "An empty payload has no claims (JWT-SVID §3).";
    private const string OtherAlgorithm = "The key says that it is for PS256, and the token has PS384 (RFC 8725 §3.1).";
    private const string NoAlgorithm = "The key's 'alg', ES521, does not exist: it is left out (RFC 7518 §3.1).";
    private const string Encrypted = "An encrypted token is not a JWT-SVID (JWT-SVID §1).";
    private const string Roca = "A key made by a faulty chip is not recognised: who publishes the bundle is trusted with it.";

    [VectorsFact, Trait("Spec", "JW-16"), Trait("Spec", "TB-19"), Trait("Trial", "H-25")]
    public void Tokens_are_judged_as_expected() => AssertDifferences(
        "json_web_signature_test.json",
        null,
        [.. Of(Symmetric, 1, 348, 352, 357, 358, 359, 372, 373, 376, 377), .. Of(Empty, 259, 264, 268, 272, 320, 325), .. Of(OtherAlgorithm, 346, 350), .. Of(NoAlgorithm, 347, 351)]);

    [VectorsFact, Trait("Spec", "TB-19"), Trait("Trial", "H-25")]
    public void Keys_are_judged_as_expected() => AssertDifferences("json_web_key_test.json", null, [.. Of(Symmetric, 2, 13, 14, 15), .. Of(Roca, 7)]);

    [VectorsFact, Trait("Spec", "JW-01"), Trait("Spec", "JW-16")]
    public void Forms_are_judged_as_expected() => AssertDifferences("json_web_crypto_test.json", null, [.. Of(Symmetric, 1, 48), .. Of(Roca, 46), .. Of(Encrypted, 50, 67)]);

    [VectorsFact, Trait("Spec", "JW-16")]
    public void Elliptic_signatures_are_judged_as_expected()
    {
        AssertDifferences("ecdsa_secp256r1_sha256_p1363_test.json", JwtAlgorithm.ES256, []);
        AssertDifferences("ecdsa_secp384r1_sha384_p1363_test.json", JwtAlgorithm.ES384, []);
        AssertDifferences("ecdsa_secp521r1_sha512_p1363_test.json", JwtAlgorithm.ES512, []);
    }

    [VectorsFact, Trait("Spec", "JW-16")]
    public void RSA_signatures_are_judged_as_expected()
    {
        AssertDifferences("rsa_signature_2048_sha256_test.json", JwtAlgorithm.RS256, []);
        AssertDifferences("rsa_pss_2048_sha256_mgf1_32_test.json", JwtAlgorithm.PS256, []);
    }

    private static void AssertDifferences(string file, JwtAlgorithm? algorithm, (int Vector, string Reason)[] known) =>
        Assert.Equal(known.Select(difference => difference.Vector).Order(), JwtWycheproofVectors.Differences(file, algorithm));

    private static IEnumerable<(int, string)> Of(string reason, params int[] vectors) => vectors.Select(vector => (vector, reason));
}
