using System.Buffers.Text;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;

namespace AspNetSpiffe;

/// <summary>The certificate in a JSON Web Key (<c>x5c</c>), and the members that must be consistent with it (RFC 7517 §§4.7 to 4.9).</summary>
internal static class JwkCertificate
{
    /// <summary>Reads the certificate.</summary>
    /// <exception cref="FormatException">There is none, or it cannot be read.</exception>
    public static X509Certificate2 Read(JsonElement jwk)
    {
        // X509-SVID §6.2: of several values the first is used.
        if (!jwk.TryGetProperty("x5c", out var chain) || chain.ValueKind != JsonValueKind.Array || chain.GetArrayLength() == 0) throw new FormatException("it has no 'x5c'.");
        if (chain[0].ValueKind != JsonValueKind.String || !chain[0].TryGetBytesFromBase64(out var der)) throw new FormatException("its 'x5c' is not valid base64.");
        return DerSequence.ReadCertificates(der) is [var certificate] ? certificate : throw new FormatException("its 'x5c' is not one DER certificate.");
    }

    /// <summary>Checks that the key of the entry is that of the certificate, and that the thumbprints match it.</summary>
    /// <exception cref="FormatException">They do not match.</exception>
    public static void Check(X509Certificate2 certificate, JsonElement jwk, PublicKey key)
    {
        if (!IsSame(certificate.PublicKey, key)) throw new FormatException("the key of its certificate differs from its other members.");
        CheckThumbprint(jwk, "x5t", certificate.GetCertHash());
        CheckThumbprint(jwk, "x5t#S256", certificate.GetCertHash(HashAlgorithmName.SHA256));
    }

    /// <summary>Creates the same check for a JWT key, where the certificate is optional: a certificate that cannot be read is ignored.</summary>
    /// <exception cref="FormatException">The certificate has another key.</exception>
    public static void CheckAny(JsonElement jwk, PublicKey key)
    {
        X509Certificate2 certificate;
        try
        {
            certificate = Read(jwk);
        }
        catch (FormatException)
        {
            return;
        }

        using (certificate) Check(certificate, jwk, key);
    }

    // The framework exports both keys in one encoding, independent of the encoding in the certificate.
    private static bool IsSame(PublicKey one, PublicKey other) => Export(one) is { } bytes && bytes.AsSpan().SequenceEqual(Export(other));

    private static byte[]? Export(PublicKey key)
    {
        try
        {
            using AsymmetricAlgorithm? known = (AsymmetricAlgorithm?)key.GetECDsaPublicKey() ?? key.GetRSAPublicKey();
            return known?.ExportSubjectPublicKeyInfo();
        }
        catch (Exception e) when (e is CryptographicException or PlatformNotSupportedException)
        {
            return null;
        }
    }

    private static void CheckThumbprint(JsonElement jwk, string name, byte[] hash)
    {
        if (!jwk.TryGetProperty(name, out var thumbprint)) return;
        if (thumbprint.ValueKind != JsonValueKind.String || thumbprint.GetString() != Base64Url.EncodeToString(hash)) throw new FormatException($"its '{name}' does not match its certificate.");
    }
}
