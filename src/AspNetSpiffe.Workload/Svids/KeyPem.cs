using System.Security.Cryptography;

namespace AspNetSpiffe;

/// <summary>Reads the private key in a PEM text, in the forms that people have: PKCS#8, and those of openssl before it.</summary>
internal static class KeyPem
{
    /// <summary>Reads the key as PKCS#8, for the caller to clear. Certificates beside it are ignored.</summary>
    /// <exception cref="FormatException">There is not exactly one private key, or it is encrypted; the message says nothing of it.</exception>
    public static byte[] ReadPkcs8(ReadOnlySpan<byte> text)
    {
        var blocks = PemBlocks.Read(text);
        try
        {
            PemBlocks.RequireCertificatesAndKeys(blocks);
            return blocks.Where(block => block.IsKey).ToArray() is [var key] ? ToPkcs8(key) : throw new FormatException($"It must contain one private key, but contains {blocks.Count(block => block.IsKey)}.");
        }
        finally
        {
            PemBlocks.Clear(blocks);
        }
    }

    private static byte[] ToPkcs8(PemBlock key) => key.Label switch
    {
        "PRIVATE KEY" => [.. key.Der],
        "EC PRIVATE KEY" => Convert(ECDsa.Create(), elliptic => elliptic.ImportECPrivateKey(key.Der, out _)),
        "RSA PRIVATE KEY" => Convert(RSA.Create(), rsa => rsa.ImportRSAPrivateKey(key.Der, out _)),
        "ENCRYPTED PRIVATE KEY" => throw new FormatException("Its private key is encrypted. Store it without a password ('openssl pkey'), readable by this service only."),
        _ => throw new FormatException($"Its private key is of the kind '{key.Label}'. Convert it to PKCS#8, for example with 'openssl pkey'."),
    };

    private static byte[] Convert<T>(T algorithm, Action<T> import) where T : AsymmetricAlgorithm
    {
        using var _ = algorithm;
        try
        {
            import(algorithm);
            return algorithm.ExportPkcs8PrivateKey();
        }
        catch (CryptographicException)
        {
            // The inner message could say something of the key.
            throw new FormatException("Its private key cannot be read.");
        }
    }
}
