namespace AspNetSpiffe;

/// <summary>The header of a JWT-SVID: the algorithm, and the key ID if there is one (JWT-SVID §2).</summary>
internal sealed record JwtHeader(JwtAlgorithm Algorithm, string? KeyId);
