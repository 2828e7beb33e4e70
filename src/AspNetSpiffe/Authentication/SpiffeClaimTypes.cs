using System.Security.Claims;

namespace AspNetSpiffe;

/// <summary>The claim types of a SPIFFE identity. They do not change.</summary>
/// <remarks>
/// The ID is also the <see cref="ClaimTypes.NameIdentifier"/> and the <see cref="ClaimTypes.Name"/>, so that <c>User.Identity.Name</c> returns it.
/// The issuer of each claim is the ID of the trust domain.
/// </remarks>
public static class SpiffeClaimTypes
{
    /// <summary>The whole SPIFFE ID, for example <c>spiffe://example.org/ns/shop/sa/cart</c>. The type is <c>spiffe_id</c>.</summary>
    public const string Id = "spiffe_id";

    /// <summary>The name of the trust domain, for example <c>example.org</c>. The type is <c>spiffe_trust_domain</c>.</summary>
    public const string TrustDomain = "spiffe_trust_domain";

    /// <summary>The path with its leading slash, for example <c>/ns/shop/sa/cart</c>. The type is <c>spiffe_path</c>.</summary>
    public const string Path = "spiffe_path";
}
