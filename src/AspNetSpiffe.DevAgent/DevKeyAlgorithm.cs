namespace AspNetSpiffe;

/// <summary>The key type of the X509-SVIDs of a development agent.</summary>
public enum DevKeyAlgorithm
{
    /// <summary>ECDSA on the curve P-256.</summary>
    EcdsaP256,

    /// <summary>ECDSA on the curve P-384.</summary>
    EcdsaP384,

    /// <summary>RSA with 2048 bits.</summary>
    Rsa2048,
}
