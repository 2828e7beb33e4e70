namespace AspNetSpiffe.Workload.Tests.Verification;

/// <summary>Every vector of Wycheproof's has the verdict that it expects, or stands here with the reason why not.</summary>
public sealed class JwtWycheproofTests
{
    private static readonly Dictionary<string, (string Reason, int[] Vectors)[]> Known = new()
    {
    };

    [WycheproofTheory, Trait("Spec", "JW-16"), Trait("Spec", "TB-19")]
    [InlineData("json_web_signature_test.json", null)]
    [InlineData("json_web_key_test.json", null)]
    [InlineData("json_web_crypto_test.json", null)]
    [InlineData("ecdsa_secp256r1_sha256_p1363_test.json", "ES256")]
    [InlineData("ecdsa_secp384r1_sha384_p1363_test.json", "ES384")]
    [InlineData("ecdsa_secp521r1_sha512_p1363_test.json", "ES512")]
    [InlineData("rsa_signature_2048_sha256_test.json", "RS256")]
    [InlineData("rsa_pss_2048_sha256_mgf1_32_test.json", "PS256")]
    public void A_vector_is_judged_as_expected_or_its_difference_is_known(string file, string? algorithm)
    {
        var known = Known.GetValueOrDefault(file, []).SelectMany(difference => difference.Vectors).Order();
        Assert.Equal(string.Join(' ', known), string.Join(' ', JwtWycheproofVectors.Differences(file, algorithm)));
    }
}
