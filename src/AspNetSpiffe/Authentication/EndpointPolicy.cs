using System.Runtime.CompilerServices;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http;

namespace AspNetSpiffe;

/// <summary>The combined authorization policy of an endpoint.</summary>
internal static class EndpointPolicy
{
    private static readonly ConditionalWeakTable<Endpoint, AuthorizationPolicy> Known = [];

    /// <summary>Finds the policy of an endpoint, cached if the provider of the application allows that; <see langword="null"/> if there is none.</summary>
    /// <exception cref="InvalidOperationException">The endpoint has the name of an unknown policy.</exception>
    public static async ValueTask<AuthorizationPolicy?> FindAsync(Endpoint endpoint, IAuthorizationPolicyProvider provider)
    {
        if (Known.TryGetValue(endpoint, out var known)) return known;

        var policy = await CombineAsync(endpoint.Metadata, provider);
        if (policy is not null && provider.AllowsCachingPolicies) Known.AddOrUpdate(endpoint, policy);
        return policy;
    }

    // Like AuthorizationMiddleware, whose result is not available before it has run.
    private static async Task<AuthorizationPolicy?> CombineAsync(EndpointMetadataCollection metadata, IAuthorizationPolicyProvider provider)
    {
        var policy = await AuthorizationPolicy.CombineAsync(provider, metadata.GetOrderedMetadata<IAuthorizeData>(), metadata.GetOrderedMetadata<AuthorizationPolicy>());
        IAuthorizationRequirement[] requirements = [.. metadata.GetOrderedMetadata<IAuthorizationRequirementData>().SelectMany(data => data.GetRequirements())];
        if (requirements.Length == 0) return policy;

        var own = new AuthorizationPolicy(requirements, []);
        return policy is null ? own : AuthorizationPolicy.Combine(policy, own);
    }
}
