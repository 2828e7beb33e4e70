using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace AspNetSpiffe;

/// <summary>Reads certificates and bundles from configured files.</summary>
internal static class BundleFile
{
    // The limit of a response of an endpoint.
    private const int MostBytes = BundleFetch.MostBytes;

    /// <summary>Reads a bundle: a SPIFFE bundle document, or CA certificates in PEM.</summary>
    /// <exception cref="FormatException">The file cannot be read, or is not a bundle; the message says why.</exception>
    public static SpiffeBundle ReadBundle(TrustDomain trustDomain, string path) => Read(path, content =>
        content.AsSpan().TrimStart(" \t\r\n"u8) is [(byte)'{', ..]
            ? SpiffeBundle.Parse(trustDomain, content)
            : new(new(trustDomain, ReadPem(content)), new(trustDomain, [])));

    /// <summary>Reads certificates in PEM: at least one, and no other PEM blocks.</summary>
    /// <exception cref="FormatException">The file cannot be read, or contains something else; the message says why.</exception>
    public static X509Certificate2[] ReadCertificates(string path) => Read(path, ReadPem);

    private static T Read<T>(string path, Func<byte[], T> parse)
    {
        try
        {
            using var file = File.OpenRead(path);
            if (file.Length > MostBytes) throw new FormatException($"The file has {file.Length} bytes; the limit is {MostBytes}.");
            var content = new byte[file.Length];
            file.ReadExactly(content);
            return parse(content);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException or FormatException)
        {
            throw new FormatException($"{SpiffeIdProblem.Quote(path)}: {e.Message}", e);
        }
    }

    private static X509Certificate2[] ReadPem(byte[] content)
    {
        var blocks = PemBlocks.Read(content);
        PemBlocks.Clear(blocks);

        // A private key must not be in such a file, and another label means another kind of file.
        if (blocks.Exists(block => !block.IsCertificate)) throw new FormatException("The file has a PEM block that is not a certificate; it must contain CA certificates only.");
        return blocks.Count > 0 ? [.. blocks.Select(block => Decode(block.Der))] : throw new FormatException("The file is neither a SPIFFE bundle document nor certificates in PEM.");
    }

    private static X509Certificate2 Decode(byte[] der)
    {
        try
        {
            return X509CertificateLoader.LoadCertificate(der);
        }
        catch (CryptographicException e)
        {
            throw new FormatException("The file has a certificate that cannot be read.", e);
        }
    }
}
