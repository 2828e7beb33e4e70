using System.Text.Json;

namespace AspNetSpiffe;

/// <summary>A token that the Workload API has validated for us: whose it is, and what it claims (Workload API §6.2.3).</summary>
/// <remarks>Immutable, and so safe to share between threads.</remarks>
public sealed class ValidatedJwtSvid
{
    internal ValidatedJwtSvid(JwtSvid svid, JsonElement claims) => (Id, ExpiresAt, Claims) = (svid.Id, svid.ExpiresAt, claims);

    /// <summary>Gets the SPIFFE ID of the token's owner.</summary>
    public SpiffeId Id { get; }

    /// <summary>Gets when the token expires.</summary>
    public DateTimeOffset ExpiresAt { get; }

    /// <summary>Gets the claims that the Workload API vouches for, an object. It may leave out others; SPIRE does so with tokens of foreign trust domains.</summary>
    public JsonElement Claims { get; }

    /// <summary>Returns the SPIFFE ID.</summary>
    public override string ToString() => Id.ToString();
}
