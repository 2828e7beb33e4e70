namespace AspNetSpiffe;

/// <summary>The algorithms that may sign a JWT-SVID, and no others: nothing symmetric, and never 'none' (JWT-SVID §2.1).</summary>
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
