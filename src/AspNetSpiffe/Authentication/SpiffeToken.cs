using System.Text.Json;

namespace AspNetSpiffe;

/// <summary>A verified JWT-SVID that came with a request: whose it is, and what it claims. Never the text of the token itself.</summary>
/// <remarks>Immutable, and so safe to share between threads.</remarks>
public sealed class SpiffeToken
{
    internal SpiffeToken(SpiffeId id, DateTimeOffset expiresAt, JsonElement claims) => (Id, ExpiresAt, Claims) = (id, expiresAt, claims);

    /// <summary>Gets the SPIFFE ID of the token's owner. Whoever sent the request had the token; that need not be its owner.</summary>
    public SpiffeId Id { get; }

    /// <summary>Gets when the token expires.</summary>
    public DateTimeOffset ExpiresAt { get; }

    /// <summary>Gets all claims that were verified, an object. An agent that verifies tokens for us may leave out some.</summary>
    public JsonElement Claims { get; }

    /// <summary>Gives the SPIFFE ID.</summary>
    public override string ToString() => Id.ToString();
}
