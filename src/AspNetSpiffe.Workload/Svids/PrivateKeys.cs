using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace AspNetSpiffe;

/// <summary>Combines a certificate with its private key.</summary>
internal static class PrivateKeys
{
    private const string Rsa = "1.2.840.113549.1.1.1";
    private const string EllipticCurve = "1.2.840.10045.2.1";

    /// <summary>Reads an unencrypted PKCS#8 key, without trailing bytes, and combines it with the certificate of the same public key.</summary>
    /// <exception cref="FormatException">The key cannot be read, or belongs to another certificate.</exception>
    /// <exception cref="NotSupportedException">.NET does not support the type of the certificate's key, for example Ed25519.</exception>
    public static X509Certificate2 Join(X509Certificate2 certificate, ReadOnlySpan<byte> pkcs8)
    {
        try
        {
            return certificate.PublicKey.Oid.Value switch
            {
                EllipticCurve => JoinEcdsa(certificate, pkcs8),
                Rsa => JoinRsa(certificate, pkcs8),
                var oid => throw new NotSupportedException($"The key algorithm '{oid}' is not supported; use ECDSA (P-256, P-384, P-521) or RSA."),
            };
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException)
        {
            // The inner message could contain a part of the key; only the type of the exception is reported.
            throw new FormatException("The private key is not a PKCS#8 key of the leaf certificate: it cannot be read, or it belongs to another public key.");
        }
    }

    private static X509Certificate2 JoinEcdsa(X509Certificate2 certificate, ReadOnlySpan<byte> pkcs8)
    {
        using var key = ECDsa.Create();
        key.ImportPkcs8PrivateKey(pkcs8, out var read);
        ThrowIfTrailing(pkcs8, read);
        return certificate.CopyWithPrivateKey(key);
    }

    private static X509Certificate2 JoinRsa(X509Certificate2 certificate, ReadOnlySpan<byte> pkcs8)
    {
        using var key = RSA.Create();
        key.ImportPkcs8PrivateKey(pkcs8, out var read);
        ThrowIfTrailing(pkcs8, read);
        return certificate.CopyWithPrivateKey(key);
    }

    private static void ThrowIfTrailing(ReadOnlySpan<byte> pkcs8, int read)
    {
        if (read != pkcs8.Length) throw new FormatException($"The private key has {pkcs8.Length - read} trailing bytes.");
    }
}
