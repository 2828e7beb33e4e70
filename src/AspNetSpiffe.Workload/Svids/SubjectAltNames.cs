using System.Diagnostics.CodeAnalysis;
using System.Formats.Asn1;
using System.Security.Cryptography.X509Certificates;

namespace AspNetSpiffe;

/// <summary>Reads the URI SANs of a certificate from the DER of the extension: the framework's own method returns the first one only.</summary>
internal static class SubjectAltNames
{
    private const string Oid = "2.5.29.17";

    // RFC 5280 §4.2.1.6: uniformResourceIdentifier [6] IA5String.
    private static readonly Asn1Tag UriTag = new(TagClass.ContextSpecific, 6);

    /// <summary>Reads the URI SAN if there is exactly one, in one extension (X509-SVID §2).</summary>
    /// <param name="certificate">The certificate.</param>
    /// <param name="uri">The URI SAN.</param>
    /// <param name="names">The number of SANs of all kinds that were read.</param>
    public static bool TryReadOnlyUri(X509Certificate2 certificate, [NotNullWhen(true)] out string? uri, out int names)
    {
        uri = null;
        names = 0;
        var extensions = 0;
        var uris = 0;
        try
        {
            foreach (var extension in certificate.Extensions)
            {
                if (extension.Oid?.Value != Oid) continue;
                extensions++;
                uris += ReadUris(extension.RawData, ref uri, ref names);
            }
        }
        catch (AsnContentException)
        {
            return false;
        }

        return extensions == 1 && uris == 1 && uri is not null;
    }

    private static int ReadUris(byte[] extension, ref string? uri, ref int count)
    {
        var reader = new AsnReader(extension, AsnEncodingRules.DER);
        var names = reader.ReadSequence();
        reader.ThrowIfNotEmpty();

        var uris = 0;
        for (; names.HasData; count++)
        {
            if (names.PeekTag().HasSameClassAndValue(UriTag))
            {
                uri = names.ReadCharacterString(UniversalTagNumber.IA5String, UriTag);
                uris++;
            }
            else
            {
                names.ReadEncodedValue();
            }
        }

        return uris;
    }
}
