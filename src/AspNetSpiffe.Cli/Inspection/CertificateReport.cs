using System.Security.Cryptography.X509Certificates;
using AspNetSpiffe.Cli.Output;

namespace AspNetSpiffe.Cli.Inspection;

/// <summary>The report on a leaf and its intermediates, by the rules of the library's own verifier.</summary>
internal static class CertificateReport
{
    public static Report Make(List<X509Certificate2> certificates, X509BundleSet? bundles, PeerRole role, DateTimeOffset now)
    {
        var leaf = certificates[0];
        X509Certificate2Collection others = [.. certificates[1..]];
        return new(
            FileKind.Certificate,
            FindId(certificates)?.ToString() ?? "a certificate without a SPIFFE ID",
            [.. FieldsOf(leaf, now), ("chain", $"leaf and {others.Count} more"), ("role", role.ToString().ToLowerInvariant())],
            [.. X509SvidVerifier.Inspect(leaf, others, bundles, role, now).Select(RuleLine.OfCertificate)],
            bundles is null ? "Path, key strength and validity period were not checked: give --bundle FILE, or --socket ADDRESS for the bundles of a Workload API." : null);
    }

    /// <summary>Returns the claimed SPIFFE ID of a leaf, if it can be read.</summary>
    public static SpiffeId? FindId(List<X509Certificate2> certificates) =>
        X509SvidVerifier.Verify(certificates[0], [], new([]), PeerRole.Client, TimeProvider.System.GetUtcNow()).Id;

    private static IEnumerable<(string Name, string Value)> FieldsOf(X509Certificate2 leaf, DateTimeOffset now)
    {
        var end = new DateTimeOffset(leaf.NotAfter.ToUniversalTime());
        yield return ("serial", leaf.SerialNumber);
        yield return ("subject", leaf.Subject);
        yield return ("issued by", leaf.Issuer);
        yield return ("valid", $"{Times.Describe(new(leaf.NotBefore.ToUniversalTime()))} to {Times.Describe(end)} ({Times.DescribeLeft(end, now)})");
        yield return ("key", CertificateText.DescribeKey(leaf));
    }
}
