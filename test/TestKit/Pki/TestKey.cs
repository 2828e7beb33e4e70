using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace AspNetSpiffe.TestKit;

/// <summary>A key pair: what a certificate shows, what signs, and its PKCS#8 DER.</summary>
public sealed class TestKey
{
    private static readonly Lazy<TestKey> Rsa2048 = new(() => new(RSA.Create(2048)));

    private readonly AsymmetricAlgorithm? _key;

    private TestKey(AsymmetricAlgorithm key)
    {
        _key = key;
        PublicKey = new(key);
        Pkcs8 = key.ExportPkcs8PrivateKey();
    }

    private TestKey(PublicKey publicKey, byte[] pkcs8) => (PublicKey, Pkcs8) = (publicKey, pkcs8);

    /// <summary>Gets the public half.</summary>
    public PublicKey PublicKey { get; }

    /// <summary>Gets the private half as unencrypted PKCS#8 DER. Copy it before clearing.</summary>
    public byte[] Pkcs8 { get; }

    /// <summary>Creates a key; a new one each time, but for RSA and Ed25519.</summary>
    public static TestKey Create(KeyKind kind) => kind switch
    {
        KeyKind.P256 => new(ECDsa.Create(ECCurve.NamedCurves.nistP256)),
        KeyKind.P384 => new(ECDsa.Create(ECCurve.NamedCurves.nistP384)),
        KeyKind.P521 => new(ECDsa.Create(ECCurve.NamedCurves.nistP521)),
        KeyKind.BrainpoolP256 => new(ECDsa.Create(ECCurve.NamedCurves.brainpoolP256r1)),
        KeyKind.Rsa2048 => Rsa2048.Value,
        KeyKind.Rsa1024 => new(RSA.Create(1024)),
        KeyKind.Rsa512 => new(RSA.Create(512)),
        KeyKind.RsaLongExponent => RsaLongExponent(),
        KeyKind.Secp160R1 => new(ECDsa.Create(ECCurve.CreateFromFriendlyName("secp160r1"))),
        KeyKind.Ed25519 => Ed25519(),
        _ => throw new ArgumentOutOfRangeException(nameof(kind)),
    };

    /// <summary>Returns the certificate with this private key; as it is when .NET cannot use the key.</summary>
    public X509Certificate2 Attach(X509Certificate2 certificate) => _key switch
    {
        ECDsa ecdsa => AttachEllipticCurve(certificate, ecdsa),
        RSA rsa => certificate.CopyWithPrivateKey(rsa),
        _ => certificate,
    };

    /// <summary>Signs as the JWS algorithm of that name does, as far as it suits the key: the curve is the key's own.</summary>
    public byte[] SignJws(string algorithm, byte[] data)
    {
        ArgumentNullException.ThrowIfNull(algorithm);
        var hash = new HashAlgorithmName($"SHA{algorithm[2..]}");
        return _key switch
        {
            ECDsa ecdsa => ecdsa.SignData(data, hash, DSASignatureFormat.IeeeP1363FixedFieldConcatenation),
            RSA rsa => rsa.SignData(data, hash, algorithm.StartsWith("PS", StringComparison.Ordinal) ? RSASignaturePadding.Pss : RSASignaturePadding.Pkcs1),
            _ => throw new InvalidOperationException(".NET cannot sign with this key."),
        };
    }

    internal X509SignatureGenerator Signer => _key switch
    {
        ECDsa ecdsa => new AnyHashGenerator(ecdsa),
        RSA rsa => new AnyHashGenerator(rsa),
        _ => throw new InvalidOperationException(".NET cannot sign with this key."),
    };

    // To the framework a certificate for key agreement only has a Diffie-Hellman key, although the curve is the same.
    private static X509Certificate2 AttachEllipticCurve(X509Certificate2 certificate, ECDsa key)
    {
        if (certificate.GetECDsaPublicKey() is not null) return certificate.CopyWithPrivateKey(key);
        using var agreement = ECDiffieHellman.Create(key.ExportParameters(includePrivateParameters: true));
        return certificate.CopyWithPrivateKey(agreement);
    }

    private static TestKey RsaLongExponent()
    {
        var modulus = Rsa2048.Value.PublicKey.GetRSAPublicKey()!.ExportParameters(includePrivateParameters: false).Modulus!;
        var exponent = modulus.ToArray();
        exponent[0] = 0x55;
        exponent[^1] |= 1;

        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            writer.WriteIntegerUnsigned(modulus);
            writer.WriteIntegerUnsigned(exponent);
        }

        return new(new PublicKey(new Oid("1.2.840.113549.1.1.1"), new([0x05, 0x00]), new(writer.Encode())), []);
    }

    private static TestKey Ed25519()
    {
        var seed = Convert.FromHexString("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60");
        var point = Convert.FromHexString("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
        byte[] pkcs8 = [.. Convert.FromHexString("302e020100300506032b657004220420"), .. seed];
        return new(new PublicKey(new Oid("1.3.101.112"), null, new(point)), pkcs8);
    }

    /// <summary>Signs with any hash; the framework's own generators refuse the weak ones.</summary>
    private sealed class AnyHashGenerator(AsymmetricAlgorithm key) : X509SignatureGenerator
    {
        private readonly X509SignatureGenerator _strong = key is RSA rsa ? CreateForRSA(rsa, RSASignaturePadding.Pkcs1) : CreateForECDsa((ECDsa)key);

        public override byte[] GetSignatureAlgorithmIdentifier(HashAlgorithmName hashAlgorithm) => (hashAlgorithm.Name, key) switch
        {
            ("MD5", RSA) => [0x30, 0x0D, 0x06, 0x09, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x04, 0x05, 0x00],
            ("SHA1", RSA) => [0x30, 0x0D, 0x06, 0x09, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x05, 0x05, 0x00],
            ("SHA1", _) => [0x30, 0x09, 0x06, 0x07, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x04, 0x01],
            _ => _strong.GetSignatureAlgorithmIdentifier(hashAlgorithm),
        };

        public override byte[] SignData(byte[] data, HashAlgorithmName hashAlgorithm) => key is RSA rsa
            ? rsa.SignData(data, hashAlgorithm, RSASignaturePadding.Pkcs1)
            : ((ECDsa)key).SignData(data, hashAlgorithm, DSASignatureFormat.Rfc3279DerSequence);

        protected override PublicKey BuildPublicKey() => _strong.PublicKey;
    }
}
