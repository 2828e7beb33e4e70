using System.Numerics;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace AspNetSpiffe.TestKit;

/// <summary>Makes lists of revoked certificates.</summary>
public static class TestRevocation
{
    private static readonly TimeSpan InForce = TimeSpan.FromHours(6);

    /// <summary>Creates a complete list of an authority, DER, in force for six hours: by default from an hour ago.</summary>
    public static byte[] List(this TestAuthority authority, long number, DateTimeOffset? nextUpdate = null, params X509Certificate2[] revoked)
    {
        var builder = new CertificateRevocationListBuilder();
        foreach (var certificate in revoked) builder.AddEntry(certificate);
        using var issuer = authority.Key.Attach(authority.Certificate);
        using var rsa = issuer.GetRSAPublicKey();
        var until = nextUpdate ?? TimeProvider.System.GetUtcNow().AddHours(5);
        return builder.Build(issuer, new BigInteger(number), until, HashAlgorithmName.SHA256, rsa is null ? null : RSASignaturePadding.Pkcs1, until - InForce);
    }
}
