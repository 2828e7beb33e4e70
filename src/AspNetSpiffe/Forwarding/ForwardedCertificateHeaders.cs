using System.Buffers.Text;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace AspNetSpiffe;

/// <summary>Parses the headers of one format strictly: a header with any violation of the format is rejected as a whole.</summary>
internal static class ForwardedCertificateHeaders
{
    public const string ClientCert = "Client-Cert";
    public const string ClientCertChain = "Client-Cert-Chain";
    public const string XForwardedClientCert = "X-Forwarded-Client-Cert";

    /// <summary>Returns the headers of a format, the one with the leaf first.</summary>
    public static string[] NamesOf(SpiffeForwardedAuthenticationOptions options) => options.Format switch
    {
        ForwardedCertificateFormat.ClientCert => [ClientCert, ClientCertChain],
        ForwardedCertificateFormat.XForwardedClientCert => [XForwardedClientCert],
        _ => [options.HeaderName ?? SpiffeForwardedAuthenticationDefaults.HeaderName],
    };

    /// <summary>Reads the leaf and its intermediates, in their order.</summary>
    /// <exception cref="FormatException">They are malformed; the message has the error, and no part of the headers.</exception>
    public static X509Certificate2Collection Read(IHeaderDictionary headers, SpiffeForwardedAuthenticationOptions options)
    {
        var name = NamesOf(options)[0];
        if (headers[name] is not [{ } value]) throw new FormatException($"There is more than one header '{name}'.");
        try
        {
            return options.Format switch
            {
                ForwardedCertificateFormat.ClientCert => [ReadItem(value, ClientCert), .. ReadChain(headers[ClientCertChain])],
                ForwardedCertificateFormat.XForwardedClientCert => ReadElement(value),
                _ => ReadPem(value, name),
            };
        }
        catch (CryptographicException)
        {
            throw new FormatException($"The header '{name}' has a certificate that cannot be read.");
        }
    }

    // RFC 9440 §2.2, §2.3: Structured Fields, byte sequences between colons (RFC 8941 §3.3.5).
    private static IEnumerable<X509Certificate2> ReadChain(StringValues lines) =>
        lines.Count == 0 ? [] : string.Join(',', lines.ToArray()).Split(',').Select(item => ReadItem(item, ClientCertChain));

    private static X509Certificate2 ReadItem(string item, string name)
    {
        var text = item.AsSpan().Trim(" \t");
        if (text.Length < 3 || text[0] != ':' || text[^1] != ':' || !Base64.IsValid(text[1..^1])) throw new FormatException($"The header '{name}' is not a byte sequence (RFC 9440 §2.1).");
        return ReadDer(Convert.FromBase64String(text[1..^1].ToString()));
    }

    private static X509Certificate2Collection ReadElement(string value)
    {
        var keys = ClientCertElement.Read(value);
        if (!keys.TryGetValue("Cert", out var cert) && !keys.ContainsKey("Chain"))
            throw new FormatException($"The header '{XForwardedClientCert}' has neither Cert nor Chain: set 'set_current_client_cert_details: {{ cert: true, chain: true }}' in Envoy.");

        // Envoy's Chain begins with the leaf.
        if (!keys.TryGetValue("Chain", out var chain)) return ReadPem(cert!, XForwardedClientCert);
        var all = ReadPem(chain, XForwardedClientCert);
        if (cert is not null && !(ReadPem(cert, XForwardedClientCert) is [var leaf] && leaf.RawDataMemory.Span.SequenceEqual(all[0].RawDataMemory.Span)))
            throw new FormatException($"The header '{XForwardedClientCert}' has a Cert that is not the first of its Chain.");
        return all;
    }

    private static X509Certificate2Collection ReadPem(string escaped, string name)
    {
#pragma warning disable RS0030 // Only percent-decoding: no URI is parsed.
        var rest = Uri.UnescapeDataString(escaped).AsSpan();
#pragma warning restore RS0030
        X509Certificate2Collection certificates = [];
        while (PemEncoding.TryFind(rest, out var fields) && rest[..fields.Location.Start.Value].IsWhiteSpace() && rest[fields.Label] is "CERTIFICATE")
        {
            certificates.Add(ReadDer(Convert.FromBase64String(rest[fields.Base64Data].ToString())));
            rest = rest[fields.Location.End.Value..];
        }

        return certificates.Count > 0 && rest.IsWhiteSpace() ? certificates : throw new FormatException($"The header '{name}' does not contain certificates in PEM only.");
    }

    // The loader ignores bytes after the certificate.
    private static X509Certificate2 ReadDer(byte[] der)
    {
        var certificate = X509CertificateLoader.LoadCertificate(der);
        return certificate.RawDataMemory.Length == der.Length ? certificate : throw new CryptographicException();
    }
}
