using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http;

namespace AspNetSpiffe;

/// <summary>Checks that each endpoint with a policy on the caller names its scheme, or uses a default scheme of this library.</summary>
/// <remarks>All schemes of an endpoint form one list, so a policy with <c>SpiffeJwt</c> would change the caller to which its other policies apply.</remarks>
internal sealed class CallerCheck(SpiffeSchemes schemes, AuthorizationOptions authorization, IAuthenticationSchemeProvider authentication, IAuthorizationPolicyProvider provider)
{
    private readonly string? _default = authentication.GetDefaultAuthenticateSchemeAsync().GetAwaiter().GetResult()?.Name;

    /// <exception cref="InvalidOperationException">A policy of the endpoint, or of a method of its hub, is ambiguous between two callers, or can be met by no caller.</exception>
    public void Check(Endpoint endpoint, IAuthorizeData[] own, IAuthorizeData[] methods)
    {
        var patterns = own.Concat(methods).Where(data => SpiffePolicies.IsPattern(data.Policy)).ToArray();
        if (patterns.Length == 0 && !MeansCallerOtherwise(endpoint, own)) return;

        var named = SchemesOf(endpoint, own);
        foreach (var kind in new[] { schemes.Tokens, schemes.Forwarded })
        {
            var isMeant = named.Any(kind.Contains);
            if (patterns.FirstOrDefault(pattern => SchemesOf(pattern).Any(kind.Contains) != isMeant) is { } pattern)
                throw new InvalidOperationException(Describe(endpoint, pattern.Policy!, isMeant, named.Concat(SchemesOf(pattern)).First(kind.Contains)));
        }

        if (!named.Any(IsAble) && (named.Count > 0 || !IsAble(_default)))
            throw new InvalidOperationException(DescribeNobody(endpoint, patterns.FirstOrDefault()?.Policy, named));
    }

    // Policies built by the application, and handlers with a SpiffeCaller. Policies with other names are not requested from the provider before the first request.
    private bool MeansCallerOtherwise(Endpoint endpoint, IAuthorizeData[] own) =>
        endpoint.Metadata.GetOrderedMetadata<AuthorizationPolicy>().Any(MeansCaller)
        || endpoint.Metadata.GetOrderedMetadata<IAuthorizationRequirementData>().Any(data => data.GetRequirements().Any(r => r is SpiffeRequirement))
        || own.Any(data => MeansCaller(string.IsNullOrWhiteSpace(data.Policy) ? authorization.DefaultPolicy : authorization.GetPolicy(data.Policy)))
        || (own.Length == 0 && endpoint.Metadata.GetOrderedMetadata<AuthorizationPolicy>().Count == 0 && MeansCaller(authorization.FallbackPolicy));

    private static bool MeansCaller(AuthorizationPolicy? policy) => policy?.Requirements.Any(requirement => requirement is SpiffeRequirement) == true;

    private HashSet<string> SchemesOf(Endpoint endpoint, IAuthorizeData[] own)
    {
        var policies = endpoint.Metadata.GetOrderedMetadata<AuthorizationPolicy>().Concat(own.Select(data =>
            string.IsNullOrWhiteSpace(data.Policy) ? provider.GetDefaultPolicyAsync().GetAwaiter().GetResult()
            : SpiffePolicies.IsOurs(data.Policy) ? null
            : provider.GetPolicyAsync(data.Policy).GetAwaiter().GetResult()));
        if (own.Length == 0 && endpoint.Metadata.GetOrderedMetadata<AuthorizationPolicy>().Count == 0) policies = policies.Append(provider.GetFallbackPolicyAsync().GetAwaiter().GetResult());
        return own.SelectMany(SchemesOf).Concat(policies.SelectMany(policy => policy?.AuthenticationSchemes ?? [])).ToHashSet(StringComparer.Ordinal);
    }

    private static string[] SchemesOf(IAuthorizeData data) =>
        data.AuthenticationSchemes?.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries) ?? [];

    // A policy scheme may forward to one of ours.
    private bool IsAble(string? scheme) =>
        scheme is not null
        && (schemes.Contain(scheme) || authentication.GetSchemeAsync(scheme).GetAwaiter().GetResult()?.HandlerType == typeof(PolicySchemeHandler));

    private string Describe(Endpoint endpoint, string policy, bool isMeant, string scheme) => isMeant
        ? $"The endpoint '{endpoint.DisplayName}' names the scheme '{scheme}', but its policy '{policy}' does not, so it is ambiguous which caller the policy applies to. " +
          $"Write 'AuthenticationSchemes = \"{scheme}\"' next to it for the {(schemes.Tokens.Contains(scheme) ? "owner of the token" : "client of the proxy")}, or call 'RequireSpiffe(\"{policy}\")' for the peer of the connection."
        : $"The policy '{policy}' on a method of the hub '{endpoint.DisplayName}' names the scheme '{scheme}', but the hub does not: put it on the hub.";

    private string DescribeNobody(Endpoint endpoint, string? policy, HashSet<string> named)
    {
        var asked = named.Count > 0 ? $"it uses only {string.Join(", ", named.Select(scheme => $"'{scheme}'"))}"
            : _default is { } scheme ? $"it names no scheme, and the default scheme is '{scheme}'"
            : "it names no scheme, and the application has no default scheme";
        return $"The endpoint '{endpoint.DisplayName}' requires a SPIFFE ID of its caller{(policy is null ? "" : $" ('{policy}')")}, but {asked}, so no caller could meet it. " +
            $"Write 'AuthenticationSchemes = \"Spiffe\"' next to it for the peer of the connection, 'AuthenticationSchemes = \"SpiffeJwt\"' for the owner of a token, or call 'RequireSpiffe(\"{policy ?? "spiffe://…"}\")'.";
    }
}
