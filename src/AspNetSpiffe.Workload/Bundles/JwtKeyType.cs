using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace AspNetSpiffe;

/// <summary>The key types that are permitted for JWT-SVIDs.</summary>
internal enum JwtKeyType
{
    Rsa,
    P256,
    P384,
    P521,
}

internal static class JwtKeyTypes
{
    /// <summary>Finds the type of a key; <see langword="null"/> for a weak key or another type.</summary>
    public static JwtKeyType? Find(PublicKey key)
    {
        try
        {
            using var rsa = key.GetRSAPublicKey();
            if (rsa is not null) return IsAllowed(rsa) ? JwtKeyType.Rsa : null;

            using var elliptic = key.GetECDsaPublicKey();
            return elliptic is null ? null : Find(elliptic);
        }
        catch (Exception e) when (e is CryptographicException or PlatformNotSupportedException)
        {
            return null;
        }
    }

    private static bool IsAllowed(RSA key) =>
        key.KeySize is >= JsonWebKeys.MinRsaBits and <= JsonWebKeys.MaxRsaBits
        && JsonWebKeys.IsSafeExponent(key.ExportParameters(includePrivateParameters: false).Exponent);

    private static JwtKeyType? Find(ECDsa key) =>
        key.ExportParameters(includePrivateParameters: false).Curve is not { IsNamed: true } curve ? null
        : curve.Oid.Value == ECCurve.NamedCurves.nistP256.Oid.Value ? JwtKeyType.P256
        : curve.Oid.Value == ECCurve.NamedCurves.nistP384.Oid.Value ? JwtKeyType.P384
        : curve.Oid.Value == ECCurve.NamedCurves.nistP521.Oid.Value ? JwtKeyType.P521
        : null;
}
