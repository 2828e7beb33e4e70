using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace AspNetSpiffe;

/// <summary>Splits concatenated DER certificates (Workload API §5.1). Trailing bytes and PEM are errors.</summary>
internal static class DerSequence
{
    /// <exception cref="FormatException">A byte belongs to no certificate; the message names its position, not its value.</exception>
    public static List<X509Certificate2> ReadCertificates(ReadOnlySpan<byte> der)
    {
        var certificates = new List<X509Certificate2>();
        for (var position = 0; position < der.Length;)
        {
            var length = LengthOfCertificate(der, position);
            certificates.Add(ReadCertificate(der.Slice(position, length), position));
            position += length;
        }

        return certificates;
    }

    /// <summary>Checks the outer DER length of each certificate only, which is cheap; the content is not checked.</summary>
    /// <exception cref="FormatException">A byte belongs to no certificate; the message names its position, not its value.</exception>
    public static void Check(ReadOnlySpan<byte> der)
    {
        for (var position = 0; position < der.Length;) position += LengthOfCertificate(der, position);
    }

    /// <summary>Counts the certificates of a sequence that was already checked.</summary>
    public static int Count(ReadOnlySpan<byte> der)
    {
        var count = 0;
        for (; !der.IsEmpty; count++) der = der[LengthOfSequence(der)..];
        return count;
    }

    /// <summary>Determines whether a sequence that was already read contains a certificate, compared byte for byte.</summary>
    public static bool Contains(ReadOnlySpan<byte> der, ReadOnlySpan<byte> certificate)
    {
        while (!der.IsEmpty)
        {
            var length = LengthOfSequence(der);
            if (der[..length].SequenceEqual(certificate)) return true;
            der = der[length..];
        }

        return false;
    }

    private static int LengthOfCertificate(ReadOnlySpan<byte> der, int position) => LengthOfSequence(der[position..]) is > 0 and var length
        ? length
        : throw new FormatException($"There is no DER certificate at byte {position} of {der.Length}.");

    private static int LengthOfSequence(ReadOnlySpan<byte> der) =>
        der[0] == 0x30 && AsnDecoder.TryReadEncodedValue(der, AsnEncodingRules.DER, out _, out _, out _, out var length) ? length : 0;

    private static X509Certificate2 ReadCertificate(ReadOnlySpan<byte> der, int position)
    {
        try
        {
            var certificate = X509CertificateLoader.LoadCertificate(der);

            // OpenSSL also accepts some BER and re-encodes it as DER: one certificate would have two encodings.
            return certificate.RawDataMemory.Span.SequenceEqual(der) ? certificate : throw new FormatException($"The certificate at byte {position} is not in DER.");
        }
        catch (CryptographicException e)
        {
            throw new FormatException($"The DER value at byte {position} is not a certificate: {e.Message}", e);
        }
    }
}
