using AspNetSpiffe;

namespace Microsoft.AspNetCore.Authorization;

/// <summary>Adds requirements on the SPIFFE ID of the caller to a policy.</summary>
public static class SpiffeAuthorizationPolicyBuilderExtensions
{
    /// <summary>Requires that the caller matches a pattern, as a policy named <c>spiffe://…</c> does: a <see cref="SpiffeRequirement"/>.</summary>
    /// <remarks>The caller is the owner of the token or the peer of the connection: the authentication scheme of the policy, of another policy of the endpoint, or the default scheme determines which.</remarks>
    /// <param name="policy">The policy.</param>
    /// <param name="pattern">The allowed callers: a SPIFFE ID, one with wildcards, or several separated by commas.</param>
    /// <exception cref="FormatException">The text is not a pattern; the message names the error, its position and what to write instead.</exception>
    public static AuthorizationPolicyBuilder RequireSpiffe(this AuthorizationPolicyBuilder policy, string pattern)
    {
        ArgumentNullException.ThrowIfNull(policy);
        return policy.AddRequirements(new SpiffeRequirement(SpiffeIdPattern.Parse(pattern)));
    }
}
