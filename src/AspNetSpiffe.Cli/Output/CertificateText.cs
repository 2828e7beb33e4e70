using System.Security.Cryptography.X509Certificates;

namespace AspNetSpiffe.Cli.Output;

/// <summary>Formats certificates as text.</summary>
internal static class CertificateText
{
    public static string DescribeKey(X509Certificate2 certificate)
    {
        using var ecdsa = certificate.GetECDsaPublicKey();
        if (ecdsa is not null) return $"ECDSA P-{ecdsa.KeySize}";
        using var rsa = certificate.GetRSAPublicKey();
        return rsa is not null ? $"RSA {rsa.KeySize}" : certificate.PublicKey.Oid.FriendlyName ?? "unknown";
    }
}
