using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace AspNetSpiffe;

/// <summary>Verifies the signature of a token (RFC 7518 §§3.3 to 3.5).</summary>
internal static class JwtSignature
{
    /// <summary>Determines whether the key signed the token. The key must be of the algorithm's type, and the token must have been parsed.</summary>
    public static bool IsBy(JwtAuthority authority, JwtAlgorithm algorithm, string token)
    {
        var end = token.LastIndexOf('.');
        return IsBy(authority, algorithm, Encoding.ASCII.GetBytes(token, 0, end), Base64Url.DecodeFromChars(token.AsSpan(end + 1)));
    }

    /// <summary>Determines whether the key made the signature. The key must be of the algorithm's type.</summary>
    public static bool IsBy(JwtAuthority authority, JwtAlgorithm algorithm, byte[] signed, byte[] signature)
    {
        try
        {
            return authority.Use(key => IsBy(key, algorithm, signed, signature));
        }
        catch (CryptographicException)
        {
            // The signature is untrusted input: any exception of the platform means that it is invalid.
            return false;
        }
    }

    private static bool IsBy(AsymmetricAlgorithm key, JwtAlgorithm algorithm, byte[] signed, byte[] signature) => key switch
    {
        RSA rsa => rsa.VerifyData(signed, signature, HashOf(algorithm), PaddingOf(algorithm)),

        // RFC 7518 §3.4: R and S, each as long as the curve's field elements; any other length is invalid.
        ECDsa elliptic => signature.Length == 2 * ((elliptic.KeySize + 7) / 8)
            && elliptic.VerifyData(signed, signature, HashOf(algorithm), DSASignatureFormat.IeeeP1363FixedFieldConcatenation),
        _ => false,
    };

    private static HashAlgorithmName HashOf(JwtAlgorithm algorithm) => algorithm switch
    {
        JwtAlgorithm.RS256 or JwtAlgorithm.PS256 or JwtAlgorithm.ES256 => HashAlgorithmName.SHA256,
        JwtAlgorithm.RS384 or JwtAlgorithm.PS384 or JwtAlgorithm.ES384 => HashAlgorithmName.SHA384,
        _ => HashAlgorithmName.SHA512,
    };

    private static RSASignaturePadding PaddingOf(JwtAlgorithm algorithm) =>
        algorithm is JwtAlgorithm.PS256 or JwtAlgorithm.PS384 or JwtAlgorithm.PS512 ? RSASignaturePadding.Pss : RSASignaturePadding.Pkcs1;
}
