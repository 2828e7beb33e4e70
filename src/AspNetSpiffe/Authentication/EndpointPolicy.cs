using System.Runtime.CompilerServices;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http;

namespace AspNetSpiffe;

/// <summary>The one policy that authorization makes of all that an endpoint says.</summary>
internal static class EndpointPolicy
{
    private static readonly ConditionalWeakTable<Endpoint, AuthorizationPolicy> Known = [];

    /// <summary>Finds the policy of an endpoint, combined once where the provider of the application allows that; <see langword="null"/> where it has none.</summary>
    /// <exception cref="InvalidOperationException">The endpoint names a policy that is not known.</exception>
    public static async ValueTask<AuthorizationPolicy?> FindAsync(Endpoint endpoint, IAuthorizationPolicyProvider provider)
    {
        if (Known.TryGetValue(endpoint, out var known)) return known;

        var policy = await CombineAsync(endpoint.Metadata, provider);
        if (policy is not null && provider.AllowsCachingPolicies) Known.AddOrUpdate(endpoint, policy);
        return policy;
    }

    // As AuthorizationMiddleware does, whose result cannot be asked for before it has run.
    private static async Task<AuthorizationPolicy?> CombineAsync(EndpointMetadataCollection metadata, IAuthorizationPolicyProvider provider)
    {
        var policy = await AuthorizationPolicy.CombineAsync(provider, metadata.GetOrderedMetadata<IAuthorizeData>(), metadata.GetOrderedMetadata<AuthorizationPolicy>());
        IAuthorizationRequirement[] requirements = [.. metadata.GetOrderedMetadata<IAuthorizationRequirementData>().SelectMany(data => data.GetRequirements())];
        if (requirements.Length == 0) return policy;

        var own = new AuthorizationPolicy(requirements, []);
        return policy is null ? own : AuthorizationPolicy.Combine(policy, own);
    }
}
