namespace AspNetSpiffe.TestKit;

/// <summary>The key of a certificate.</summary>
public enum KeyKind
{
    /// <summary>ECDSA on NIST P-256: the default.</summary>
    P256,

    /// <summary>ECDSA on NIST P-384.</summary>
    P384,

    /// <summary>ECDSA on NIST P-521.</summary>
    P521,

    /// <summary>ECDSA on Brainpool P256r1, which has as many bits as P-256 and is no curve of JSON Web Keys.</summary>
    BrainpoolP256,

    /// <summary>RSA with 2048 bits; one key for the whole test run, because making one takes a tenth of a second.</summary>
    Rsa2048,

    /// <summary>RSA with 1024 bits, which is too weak.</summary>
    Rsa1024,

    /// <summary>RSA with 512 bits, which is easy to factor.</summary>
    Rsa512,

    /// <summary>RSA with 2048 bits and a public exponent as long, which makes each verification as expensive as a signature. It signs nothing.</summary>
    RsaLongExponent,

    /// <summary>ECDSA on secp160r1, which is too weak.</summary>
    Secp160R1,

    /// <summary>Ed25519, the key pair of RFC 8032 section 7.1; .NET cannot use its private key.</summary>
    Ed25519,
}
