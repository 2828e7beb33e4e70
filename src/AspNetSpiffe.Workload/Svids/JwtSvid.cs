using System.Collections.Immutable;
using System.Text.Json;

namespace AspNetSpiffe;

/// <summary>A JWT-SVID: a token with the SPIFFE ID of its owner, its audiences and its expiry (JWT-SVID §3).</summary>
/// <remarks>
/// Parsed, not verified. A token from the Workload API needs no verification; a received one must be verified with <c>JwtSvidVerifier</c>.
/// Immutable and thread-safe.
/// </remarks>
public sealed class JwtSvid
{
    internal JwtSvid(string token, JwtHeader header, SpiffeId id, ImmutableArray<string> audiences, DateTimeOffset expiresAt, JsonElement claims, string hint)
    {
        Token = token;
        Header = header;
        Id = id;
        Audiences = audiences;
        ExpiresAt = expiresAt;
        Claims = claims;
        Hint = hint;
    }

    /// <summary>Gets the SPIFFE ID: the claim <c>sub</c>.</summary>
    public SpiffeId Id { get; }

    /// <summary>Gets the audiences of the token, at least one: the claim <c>aud</c>.</summary>
    public ImmutableArray<string> Audiences { get; }

    /// <summary>Gets when the token expires: the claim <c>exp</c>. A time from the year 10000 on is <see cref="DateTimeOffset.MaxValue"/>.</summary>
    public DateTimeOffset ExpiresAt { get; }

    /// <summary>Gets when the token becomes valid: the claim <c>nbf</c>; <see langword="null"/> without it.</summary>
    public DateTimeOffset? NotBefore { get; internal init; }

    /// <summary>Gets when the token was issued: the claim <c>iat</c>; <see langword="null"/> without it.</summary>
    public DateTimeOffset? IssuedAt { get; internal init; }

    /// <summary>Gets all claims, as a JSON object.</summary>
    public JsonElement Claims { get; }

    /// <summary>Gets the hint of the operator on the use of this identity, or an empty string (Workload API §6.2.1).</summary>
    public string Hint { get; }

    /// <summary>Gets the token itself. Anyone who has it can impersonate this workload: send it only over TLS, and never log it.</summary>
    public string Token { get; }

    internal JwtHeader Header { get; }

    /// <summary>Returns the SPIFFE ID; never the token.</summary>
    public override string ToString() => Id.ToString();
}
