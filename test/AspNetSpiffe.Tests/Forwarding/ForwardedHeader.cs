using System.Security.Cryptography.X509Certificates;

namespace AspNetSpiffe.Tests.Forwarding;

/// <summary>What proxies send.</summary>
internal static class ForwardedHeader
{
    /// <summary>Gives the headers of a format for a leaf and its intermediates.</summary>
    public static IEnumerable<(string Name, string Value)> Of(ForwardedCertificateFormat format, X509Certificate2 leaf, params X509Certificate2[] intermediates)
    {
        switch (format)
        {
            case ForwardedCertificateFormat.ClientCert:
                yield return ("Client-Cert", Item(leaf));
                if (intermediates.Length > 0) yield return ("Client-Cert-Chain", string.Join(", ", intermediates.Select(Item)));
                break;
            case ForwardedCertificateFormat.XForwardedClientCert:
                yield return ("X-Forwarded-Client-Cert", Envoy(leaf, intermediates));
                break;
            default:
                yield return ("X-Client-Cert", Escaped([leaf, .. intermediates]));
                break;
        }
    }

    public static string Envoy(X509Certificate2 leaf, params X509Certificate2[] intermediates) =>
        $"By=spiffe://example.org/server;Hash={leaf.GetCertHashString(System.Security.Cryptography.HashAlgorithmName.SHA256)};Cert=\"{Escaped([leaf])}\";" +
        $"Chain=\"{Escaped([leaf, .. intermediates])}\";Subject=\"CN=a\\\"b,c;d=e\";URI=spiffe://example.org/claimed;DNS=one;DNS=two";

    public static string Item(X509Certificate2 certificate) => $":{Convert.ToBase64String(certificate.RawData)}:";

    public static string Escaped(IEnumerable<X509Certificate2> certificates) => Uri.EscapeDataString(string.Concat(certificates.Select(certificate => certificate.ExportCertificatePem() + "\n")));
}
