using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace AspNetSpiffe;

/// <summary>What a certificate may be used for, by its basic constraints and key usage (X509-SVID §4.1, §4.3).</summary>
internal readonly record struct CertificateUsage(bool IsCa, X509KeyUsageFlags KeyUsage)
{
    public bool CanSign => (KeyUsage & (X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign)) != X509KeyUsageFlags.None;

    /// <summary>Reads the extensions. Duplicate extensions are combined, so that a second one cannot hide a usage of the first.</summary>
    /// <returns><see langword="false"/> when an extension or the validity cannot be read.</returns>
    public static bool TryRead(X509Certificate2 certificate, out CertificateUsage usage)
    {
        var isCa = false;
        var keyUsage = X509KeyUsageFlags.None;
        try
        {
            // An invalid date throws when it is first read: here.
            _ = (certificate.NotBefore, certificate.NotAfter);

            foreach (var extension in certificate.Extensions)
            {
                if (extension is X509BasicConstraintsExtension constraints) isCa |= constraints.CertificateAuthority;
                else if (extension is X509KeyUsageExtension usages) keyUsage |= usages.KeyUsages;
            }
        }
        catch (CryptographicException)
        {
            usage = default;
            return false;
        }

        usage = new(isCa, keyUsage);
        return true;
    }
}
