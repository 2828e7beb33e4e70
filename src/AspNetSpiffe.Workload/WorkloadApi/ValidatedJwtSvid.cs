using System.Text.Json;

namespace AspNetSpiffe;

/// <summary>The result of a validation by the Workload API: the SPIFFE ID and the claims of a token (Workload API §6.2.3).</summary>
/// <remarks>Immutable and thread-safe.</remarks>
public sealed class ValidatedJwtSvid
{
    internal ValidatedJwtSvid(JwtSvid svid, JsonElement claims) => (Id, ExpiresAt, Claims) = (svid.Id, svid.ExpiresAt, claims);

    /// <summary>Gets the SPIFFE ID of the token's owner.</summary>
    public SpiffeId Id { get; }

    /// <summary>Gets when the token expires.</summary>
    public DateTimeOffset ExpiresAt { get; }

    /// <summary>Gets the claims that the Workload API returned, as a JSON object. It may omit claims; SPIRE does so for tokens of other trust domains.</summary>
    public JsonElement Claims { get; }

    /// <summary>Returns the SPIFFE ID.</summary>
    public override string ToString() => Id.ToString();
}
