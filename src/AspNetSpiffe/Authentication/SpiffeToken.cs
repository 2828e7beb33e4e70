using System.Text.Json;

namespace AspNetSpiffe;

/// <summary>A verified JWT-SVID of a request: its owner and its claims (JWT-SVID §3), without the encoded token.</summary>
/// <remarks>Immutable and thread-safe.</remarks>
public sealed class SpiffeToken
{
    internal SpiffeToken(SpiffeId id, DateTimeOffset expiresAt, JsonElement claims) => (Id, ExpiresAt, Claims) = (id, expiresAt, claims);

    /// <summary>Gets the SPIFFE ID of the token's owner. The sender of the request need not be the owner.</summary>
    public SpiffeId Id { get; }

    /// <summary>Gets when the token expires, in UTC.</summary>
    public DateTimeOffset ExpiresAt { get; }

    /// <summary>Gets all verified claims, as a JSON object. An agent that verifies tokens may omit some.</summary>
    public JsonElement Claims { get; }

    /// <summary>Returns the SPIFFE ID.</summary>
    public override string ToString() => Id.ToString();
}
