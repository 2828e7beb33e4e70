using AspNetSpiffe;

namespace Microsoft.AspNetCore.Authorization;

/// <summary>Says whom a policy means, by SPIFFE ID.</summary>
public static class SpiffeAuthorizationPolicyBuilderExtensions
{
    /// <summary>Requires that the caller is one that a pattern means, as a policy named <c>spiffe://…</c> does: a <see cref="SpiffeRequirement"/>.</summary>
    /// <remarks>The caller is the owner of the token or the peer of the connection: the policy, or another of the endpoint, or the default scheme says which scheme is asked.</remarks>
    /// <param name="policy">The policy.</param>
    /// <param name="pattern">Whom: a SPIFFE ID, one with wildcards, or several with a comma between them.</param>
    /// <exception cref="FormatException">The text is no pattern; the message names the mistake, its position and what to write instead.</exception>
    public static AuthorizationPolicyBuilder RequireSpiffe(this AuthorizationPolicyBuilder policy, string pattern)
    {
        ArgumentNullException.ThrowIfNull(policy);
        return policy.AddRequirements(new SpiffeRequirement(SpiffeIdPattern.Parse(pattern)));
    }
}
