using System.Security.Cryptography.X509Certificates;

namespace AspNetSpiffe.Workload.Tests.Properties;

/// <summary>A certificate that a failure can name.</summary>
internal sealed record NamedCertificate(string Name, X509Certificate2 Certificate)
{
    public bool IsCa => Certificate.Extensions.OfType<X509BasicConstraintsExtension>().Single().CertificateAuthority;

    public override string ToString() => Name;
}
