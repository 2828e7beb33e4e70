using Microsoft.AspNetCore.Authorization;

namespace AspNetSpiffe;

/// <summary>Answers for policy names that are patterns and for those of the words, and leaves the others to the application's own provider.</summary>
internal sealed class SpiffePolicyProvider(IAuthorizationPolicyProvider others, SpiffePolicies policies) : IAuthorizationPolicyProvider
{
    // Our policies hold no state, so only the application's own forbid it.
    public bool AllowsCachingPolicies => others.AllowsCachingPolicies;

    public Task<AuthorizationPolicy?> GetPolicyAsync(string policyName) =>
        SpiffePolicies.IsOurs(policyName) ? Task.FromResult<AuthorizationPolicy?>(policies.Get(policyName)) : others.GetPolicyAsync(policyName);

    public Task<AuthorizationPolicy> GetDefaultPolicyAsync() => others.GetDefaultPolicyAsync();

    public Task<AuthorizationPolicy?> GetFallbackPolicyAsync() => others.GetFallbackPolicyAsync();
}
