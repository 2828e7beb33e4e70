using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace AspNetSpiffe;

/// <summary>Finds the certification paths from a leaf to the authorities of a bundle, by names and key identifiers, shortest first (RFC 4158 §3).</summary>
/// <remarks>
/// The platform's chain engine takes one issuer of a name and does not go back. In a rollover of a CA, or with cross-certificates, several certificates have one
/// name, and only one of them may lead to a good path.
/// </remarks>
internal static class CertificationPaths
{
    // A stranger chooses the intermediates; what they cost has a limit.
    private const int MaxSteps = 256;

    /// <summary>Finds paths: each begins with the leaf and ends with an authority. Which of them are valid is not asked here.</summary>
    /// <param name="leaf">Where each path begins.</param>
    /// <param name="intermediates">The certificates that the peer sent, in any order.</param>
    /// <param name="authorities">Where a path may end.</param>
    public static IEnumerable<X509Certificate2[]> Find(X509Certificate2 leaf, X509Certificate2Collection intermediates, IReadOnlyCollection<X509Certificate2> authorities)
    {
        var names = new Names();
        var partial = new Queue<X509Certificate2[]>([[leaf]]);
        for (var steps = 0; steps < MaxSteps && partial.TryDequeue(out var path); steps++)
        {
            foreach (var authority in authorities)
                if (names.MayIssue(authority, path[^1]))
                    yield return [.. path, authority];

            foreach (var intermediate in intermediates)
                if (!path.Any(c => IsSame(c, intermediate)) && !authorities.Any(a => IsSame(a, intermediate)) && names.MayIssue(intermediate, path[^1]))
                    partial.Enqueue([.. path, intermediate]);
        }
    }

    /// <summary>Says whether a certificate names itself as its issuer. Who signed it is another matter.</summary>
    public static bool IsSelfIssued(X509Certificate2 certificate) => certificate.SubjectName.RawData.AsSpan().SequenceEqual(certificate.IssuerName.RawData);

    /// <summary>Counts the leaf and the others. A client's SslStream has the leaf among the others.</summary>
    public static int CountPresented(X509Certificate2 leaf, X509Certificate2Collection others)
    {
        for (var i = 0; i < others.Count; i++)
            if (IsSame(others[i], leaf))
                return others.Count;

        return others.Count + 1;
    }

    public static bool IsSame(X509Certificate2 one, X509Certificate2 other) =>
        ReferenceEquals(one, other) || one.RawDataMemory.Span.SequenceEqual(other.RawDataMemory.Span);

    /// <summary>What a path is found by, read once for each certificate: the framework decodes it anew each time.</summary>
    private sealed class Names
    {
        private readonly Dictionary<X509Certificate2, CertificateNames> _read = new(ReferenceEqualityComparer.Instance);

        public bool MayIssue(X509Certificate2 issuer, X509Certificate2 subject)
        {
            var (above, below) = (Of(issuer), Of(subject));
            if (!above.Subject.AsSpan().SequenceEqual(below.Issuer)) return false;
            return above.KeyId is null || below.IssuerKeyId is null || above.KeyId.Value.Span.SequenceEqual(below.IssuerKeyId.Value.Span);
        }

        private CertificateNames Of(X509Certificate2 certificate) =>
            _read.TryGetValue(certificate, out var names) ? names : _read[certificate] = Read(certificate);

        private static CertificateNames Read(X509Certificate2 certificate)
        {
            var (subject, issuer) = (certificate.SubjectName.RawData, certificate.IssuerName.RawData);
            try
            {
                return new(
                    subject,
                    issuer,
                    certificate.Extensions.OfType<X509SubjectKeyIdentifierExtension>().FirstOrDefault()?.SubjectKeyIdentifierBytes,
                    certificate.Extensions.OfType<X509AuthorityKeyIdentifierExtension>().FirstOrDefault()?.KeyIdentifier);
            }
            catch (CryptographicException)
            {
                // Key identifiers only say where to look first.
                return new(subject, issuer, null, null);
            }
        }
    }

    private sealed record CertificateNames(byte[] Subject, byte[] Issuer, ReadOnlyMemory<byte>? KeyId, ReadOnlyMemory<byte>? IssuerKeyId);
}
