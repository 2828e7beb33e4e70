namespace AspNetSpiffe;

/// <summary>The signature algorithms that are permitted in a JWT-SVID: all asymmetric, and never 'none' (JWT-SVID §2.1).</summary>
internal enum JwtAlgorithm
{
    RS256,
    RS384,
    RS512,
    ES256,
    ES384,
    ES512,
    PS256,
    PS384,
    PS512,
}

/// <summary>The names of the algorithms, and the key type that each requires (RFC 7518 §3.1).</summary>
internal static class JwtAlgorithms
{
    // Enum.TryParse also accepts a number, or several names.
    public static bool TryParse(string? name, out JwtAlgorithm algorithm) => Enum.TryParse(name, out algorithm) && algorithm.ToString() == name;

    public static JwtKeyType KeyTypeOf(JwtAlgorithm algorithm) => algorithm switch
    {
        JwtAlgorithm.ES256 => JwtKeyType.P256,
        JwtAlgorithm.ES384 => JwtKeyType.P384,
        JwtAlgorithm.ES512 => JwtKeyType.P521,
        _ => JwtKeyType.Rsa,
    };
}
