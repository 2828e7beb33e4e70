using System.Security.Cryptography;

namespace AspNetSpiffe;

/// <summary>Reads the private key in a PEM text: PKCS#8, or the older formats of openssl.</summary>
internal static class KeyPem
{
    /// <summary>Reads the key as PKCS#8; the caller must clear it. Certificates in the text are ignored.</summary>
    /// <exception cref="FormatException">There is not exactly one private key, or it is encrypted; the message contains no part of it.</exception>
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
            // The inner message could contain a part of the key.
            throw new FormatException("Its private key cannot be read.");
        }
    }
}
