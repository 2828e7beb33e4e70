using System.Security.Claims;

namespace AspNetSpiffe;

/// <summary>A SPIFFE ID as the claims of a user, the same from every scheme.</summary>
internal static class SpiffeIdentity
{
    // New for each request: an identity is mutable, and the requests of a connection run at the same time.
    public static ClaimsIdentity Create(SpiffeId id, string scheme, string? claimsIssuer)
    {
        var text = id.ToString();
        var issuer = claimsIssuer ?? id.TrustDomain.Id.ToString();
        return new(
            [
                new(ClaimTypes.NameIdentifier, text, ClaimValueTypes.String, issuer),
                new(ClaimTypes.Name, text, ClaimValueTypes.String, issuer),
                new(SpiffeClaimTypes.Id, text, ClaimValueTypes.String, issuer),
                new(SpiffeClaimTypes.TrustDomain, id.TrustDomain.Name, ClaimValueTypes.String, issuer),
                new(SpiffeClaimTypes.Path, id.Path, ClaimValueTypes.String, issuer),
            ],
            scheme);
    }
}
