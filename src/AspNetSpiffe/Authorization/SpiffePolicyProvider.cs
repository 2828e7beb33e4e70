using Microsoft.AspNetCore.Authorization;

namespace AspNetSpiffe;

/// <summary>Provides the policies with patterns as names and those of requirements on the certificate; all others come from the application's own provider.</summary>
internal sealed class SpiffePolicyProvider(IAuthorizationPolicyProvider others, SpiffePolicies policies) : IAuthorizationPolicyProvider
{
    // Our policies are stateless, so the application's provider decides.
    public bool AllowsCachingPolicies => others.AllowsCachingPolicies;

    public Task<AuthorizationPolicy?> GetPolicyAsync(string policyName) =>
        SpiffePolicies.IsOurs(policyName) ? Task.FromResult<AuthorizationPolicy?>(policies.Get(policyName)) : others.GetPolicyAsync(policyName);

    public Task<AuthorizationPolicy> GetDefaultPolicyAsync() => others.GetDefaultPolicyAsync();

    public Task<AuthorizationPolicy?> GetFallbackPolicyAsync() => others.GetFallbackPolicyAsync();
}
