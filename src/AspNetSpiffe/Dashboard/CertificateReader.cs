using System.Collections.Immutable;
using System.Security.Cryptography.X509Certificates;

namespace AspNetSpiffe;

/// <summary>Reads the displayed properties of certificates: subject, serial number, validity period. Never a key.</summary>
internal static class CertificateReader
{
    public static ImmutableArray<SvidReport> SvidsOf(X509Context? context) =>
        context is null ? [] : [.. context.Svids.Select(svid => Read(svid, context))];

    public static ImmutableArray<BundleReport> BundlesOf(X509Context? context) => context is null ? [] :
    [
        .. context.Bundles
            .Select(bundle => new BundleReport(bundle.TrustDomain.Name, bundle.TrustDomain.Equals(context.TrustDomain), [.. bundle.Authorities.Select(static one => Read("authority", one))]))
            .OrderBy(static bundle => !bundle.IsOurs).ThenBy(static bundle => bundle.TrustDomain, StringComparer.Ordinal),
    ];

    private static SvidReport Read(X509Svid svid, X509Context context)
    {
        var last = svid.Intermediates.IsEmpty ? svid.Leaf : svid.Intermediates[^1];
        var authority = context.Bundles.Find(svid.Id.TrustDomain)?.Authorities.FirstOrDefault(one => HasIssued(one, last));
        return new(
            svid.Id.ToString(), svid.Hint, ReferenceEquals(svid, context.DefaultSvid), svid.NotBefore, svid.NotAfter,
            [
                Read("leaf", svid.Leaf),
                .. svid.Intermediates.Where(one => !one.Equals(authority)).Select(static one => Read("intermediate", one)),
                .. authority is null ? Array.Empty<CertificateReport>() : [Read("authority", authority)],
            ]);
    }

    // For display only: the signature was verified when the SVID was received.
    private static bool HasIssued(X509Certificate2 authority, X509Certificate2 last) =>
        authority.Equals(last)
        || (authority.SubjectName.RawData.AsSpan().SequenceEqual(last.IssuerName.RawData)
            && (KeyOf(authority) is not { } key || IssuerKeyOf(last) is not { } issuer || key.Span.SequenceEqual(issuer.Span)));

    private static ReadOnlyMemory<byte>? KeyOf(X509Certificate2 certificate) =>
        certificate.Extensions.OfType<X509SubjectKeyIdentifierExtension>().FirstOrDefault()?.SubjectKeyIdentifierBytes;

    private static ReadOnlyMemory<byte>? IssuerKeyOf(X509Certificate2 certificate) =>
        certificate.Extensions.OfType<X509AuthorityKeyIdentifierExtension>().FirstOrDefault()?.KeyIdentifier;

    private static CertificateReport Read(string kind, X509Certificate2 certificate) =>
        new(kind, certificate.Subject, certificate.SerialNumber, new(certificate.NotBefore.ToUniversalTime()), new(certificate.NotAfter.ToUniversalTime()));
}
