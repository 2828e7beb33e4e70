namespace AspNetSpiffe;

/// <summary>The kinds of keys that may verify a JWT-SVID.</summary>
internal enum JwtKeyType
{
    Rsa,
    P256,
    P384,
    P521,
}
