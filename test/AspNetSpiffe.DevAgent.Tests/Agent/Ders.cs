using System.Formats.Asn1;
using System.Security.Cryptography.X509Certificates;
using Google.Protobuf;

namespace AspNetSpiffe.AgentTests;

/// <summary>Reads concatenated DER certificates, without the project's own reader.</summary>
internal static class Ders
{
    public static X509Certificate2[] Read(ByteString concatenated)
    {
        var certificates = new List<X509Certificate2>();
        var rest = concatenated.Memory;
        while (!rest.IsEmpty)
        {
            AsnDecoder.ReadEncodedValue(rest.Span, AsnEncodingRules.DER, out _, out _, out var length);
            certificates.Add(X509CertificateLoader.LoadCertificate(rest.Span[..length]));
            rest = rest[length..];
        }

        return [.. certificates];
    }
}
