using System.Collections.Immutable;
using System.Security.Cryptography.X509Certificates;

namespace AspNetSpiffe;

/// <summary>What is needed to look up one certificate of a path in revocation lists: its serial number, and its issuer, who signs the list.</summary>
internal sealed class CertificateLink
{
    private CertificateLink(X509Certificate2 certificate, X509Certificate2 issuer)
    {
        Serial = RevocationList.SerialOf(certificate.SerialNumberBytes.Span);
        Issuer = issuer.SubjectName.RawData;
        IssuerKey = issuer.PublicKey;

        // RFC 5280 §6.3.3 (f): without the extension, every use is allowed.
        MaySignLists = issuer.Extensions.OfType<X509KeyUsageExtension>().All(static usage => usage.KeyUsages.HasFlag(X509KeyUsageFlags.CrlSign));
    }

    public string Serial { get; }

    /// <summary>Gets the issuer's name in DER.</summary>
    public byte[] Issuer { get; }

    public PublicKey IssuerKey { get; }

    public bool MaySignLists { get; }

    /// <summary>Returns the links of a path, from the leaf on. The authority has none: it is revoked by removal from the trust bundle.</summary>
    public static ImmutableArray<CertificateLink> Of(IReadOnlyList<X509Certificate2> path) => [.. path.Zip(path.Skip(1), static (certificate, issuer) => new CertificateLink(certificate, issuer))];
}
