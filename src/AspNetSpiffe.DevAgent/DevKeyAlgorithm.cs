namespace AspNetSpiffe;

/// <summary>The kind of key that a development agent makes for an X509-SVID.</summary>
public enum DevKeyAlgorithm
{
    /// <summary>ECDSA on the curve P-256.</summary>
    EcdsaP256,

    /// <summary>ECDSA on the curve P-384.</summary>
    EcdsaP384,

    /// <summary>RSA with 2048 bits.</summary>
    Rsa2048,
}
