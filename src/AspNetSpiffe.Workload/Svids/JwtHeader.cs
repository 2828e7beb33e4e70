namespace AspNetSpiffe;

/// <summary>What the header of a JWT-SVID says: the algorithm, and the name of the key when it has one (JWT-SVID §2).</summary>
internal sealed record JwtHeader(JwtAlgorithm Algorithm, string? KeyId);
