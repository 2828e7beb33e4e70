using System.Formats.Asn1;
using System.Numerics;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace AspNetSpiffe;

/// <summary>The minimum strength of keys and signatures: RSA 2048, the curves P-256, P-384 and P-521, Ed25519; SHA-256 (NIST SP 800-131A). The platform's own minimum depends on its configuration.</summary>
internal static class CertificateStrength
{
    private const string Rsa = "1.2.840.113549.1.1.1";
    private const string RsaPss = "1.2.840.113549.1.1.10";
    private const string EllipticCurve = "1.2.840.10045.2.1";
    private const string Ed25519 = "1.3.101.112";

    // The cost of a verification grows with both; no CA needs more.
    private const int MaxModulusBits = 8192;
    private const int MaxExponentBits = 32;

    // P-256, P-384, P-521.
    private static readonly string[] Curves = ["1.2.840.10045.3.1.7", "1.3.132.0.34", "1.3.132.0.35"];

    // SHA-256, SHA-384, SHA-512.
    private static readonly string[] Hashes = ["2.16.840.1.101.3.4.2.1", "2.16.840.1.101.3.4.2.2", "2.16.840.1.101.3.4.2.3"];

    // RSA and ECDSA, each with these hashes.
    private static readonly string[] Signatures =
    [
        "1.2.840.113549.1.1.11", "1.2.840.113549.1.1.12", "1.2.840.113549.1.1.13",
        "1.2.840.10045.4.3.2", "1.2.840.10045.4.3.3", "1.2.840.10045.4.3.4",
        Ed25519,
    ];

    /// <summary>Determines whether the signature uses a strong hash.</summary>
    /// <exception cref="AsnContentException">The certificate cannot be read.</exception>
    public static bool HasStrongSignature(X509Certificate2 certificate)
    {
        var algorithm = certificate.SignatureAlgorithm.Value;
        return Signatures.Contains(algorithm) || (algorithm == RsaPss && Hashes.Contains(PssHashOf(certificate)));
    }

    /// <summary>Determines whether the key is strong enough.</summary>
    /// <exception cref="AsnContentException">The key cannot be read.</exception>
    public static bool HasStrongKey(X509Certificate2 certificate) => certificate.PublicKey.Oid.Value switch
    {
        Rsa or RsaPss => ReadRsaKey(certificate).ModulusBits >= 2048,
        EllipticCurve => Curves.Contains(CurveOf(certificate)),
        Ed25519 => true,
        _ => false,
    };

    /// <summary>Determines whether a key is so large that verifying its signatures is too expensive.</summary>
    public static bool HasOversizeKey(X509Certificate2 certificate)
    {
        try
        {
            if (certificate.PublicKey.Oid.Value is not (Rsa or RsaPss)) return false;
            var (modulus, exponent) = ReadRsaKey(certificate);
            return modulus > MaxModulusBits || exponent > MaxExponentBits;
        }
        catch (Exception e) when (e is AsnContentException or CryptographicException)
        {
            // A key that cannot be read may be too large.
            return true;
        }
    }

    // RFC 8017 §A.1.1.
    private static (long ModulusBits, long ExponentBits) ReadRsaKey(X509Certificate2 certificate)
    {
        var key = new AsnReader(certificate.PublicKey.EncodedKeyValue.RawData, AsnEncodingRules.DER).ReadSequence();
        return (BitsOf(key.ReadIntegerBytes()), BitsOf(key.ReadIntegerBytes()));
    }

    private static long BitsOf(ReadOnlyMemory<byte> integer) => new BigInteger(integer.Span, isUnsigned: true, isBigEndian: true).GetBitLength();

    // RFC 5480 §2.1.1: named curves only.
    private static string? CurveOf(X509Certificate2 certificate)
    {
        var parameters = new AsnReader(certificate.PublicKey.EncodedParameters?.RawData ?? [], AsnEncodingRules.DER);
        return parameters.HasData && parameters.PeekTag() == Asn1Tag.ObjectIdentifier ? parameters.ReadObjectIdentifier() : null;
    }

    // RFC 4055 §3.1: the default hash is SHA-1.
    private static string? PssHashOf(X509Certificate2 certificate)
    {
        var outer = new AsnReader(certificate.RawDataMemory, AsnEncodingRules.DER).ReadSequence();
        outer.ReadEncodedValue();
        var algorithm = outer.ReadSequence();
        algorithm.ReadObjectIdentifier();
        if (!algorithm.HasData || algorithm.PeekTag() != Asn1Tag.Sequence) return null;

        var parameters = algorithm.ReadSequence();
        var hash = new Asn1Tag(TagClass.ContextSpecific, 0, isConstructed: true);
        return parameters.HasData && parameters.PeekTag() == hash ? parameters.ReadSequence(hash).ReadSequence().ReadObjectIdentifier() : null;
    }
}
