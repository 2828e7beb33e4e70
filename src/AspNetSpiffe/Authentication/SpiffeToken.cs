using System.Text.Json;

namespace AspNetSpiffe;

/// <summary>A verified JWT-SVID of a request: its owner and its claims. Never the text of the token itself.</summary>
/// <remarks>Immutable and thread-safe.</remarks>
public sealed class SpiffeToken
{
    internal SpiffeToken(SpiffeId id, DateTimeOffset expiresAt, JsonElement claims) => (Id, ExpiresAt, Claims) = (id, expiresAt, claims);

    /// <summary>Gets the SPIFFE ID of the token's owner. The sender of the request has the token, but need not be its owner.</summary>
    public SpiffeId Id { get; }

    /// <summary>Gets when the token expires.</summary>
    public DateTimeOffset ExpiresAt { get; }

    /// <summary>Gets all claims that were verified, an object. An agent that verifies tokens may omit some.</summary>
    public JsonElement Claims { get; }

    /// <summary>Returns the SPIFFE ID.</summary>
    public override string ToString() => Id.ToString();
}
