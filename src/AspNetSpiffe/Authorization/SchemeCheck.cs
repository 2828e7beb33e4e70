using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Authorization.Policy;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace AspNetSpiffe;

/// <summary>Holds that each policy says whom it means.</summary>
/// <remarks>The schemes of an endpoint are one list: a policy that names <c>SpiffeJwt</c> would change what the others mean.</remarks>
internal static class SchemeCheck
{
    private const string Token = SpiffeJwtAuthenticationDefaults.AuthenticationScheme;

    /// <exception cref="InvalidOperationException">A policy of the endpoint, or of a method of its hub, may mean the peer or the token.</exception>
    public static void Check(
        Endpoint endpoint, IReadOnlyCollection<IAuthorizeData> own, IReadOnlyCollection<IAuthorizeData> methods,
        IAuthorizationPolicyProvider provider, IServiceProvider services)
    {
        var patterns = own.Concat(methods).Where(data => SpiffePolicies.IsPattern(data.Policy)).ToArray();
        if (patterns.Length == 0) return;

        var meansToken = own.Any(NamesToken) || PoliciesOf(endpoint, own, provider).Any(policy => policy?.AuthenticationSchemes.Contains(Token) == true);
        foreach (var pattern in patterns)
            if (NamesToken(pattern) != meansToken)
                throw new InvalidOperationException(Describe(endpoint, pattern.Policy!, meansToken));

        if (meansToken) ThrowIfReplaced(endpoint, services.GetRequiredService<IPolicyEvaluator>());
    }

    private static IEnumerable<AuthorizationPolicy?> PoliciesOf(Endpoint endpoint, IEnumerable<IAuthorizeData> own, IAuthorizationPolicyProvider provider) =>
        endpoint.Metadata.GetOrderedMetadata<AuthorizationPolicy>().Concat(own.Select(data =>
            string.IsNullOrWhiteSpace(data.Policy) ? provider.GetDefaultPolicyAsync().GetAwaiter().GetResult()
            : SpiffePolicies.IsPattern(data.Policy) ? null
            : provider.GetPolicyAsync(data.Policy).GetAwaiter().GetResult()));

    // Nobody would note whom a policy means.
    private static void ThrowIfReplaced(Endpoint endpoint, IPolicyEvaluator evaluator)
    {
        if (evaluator is not CallerChoice)
            throw new InvalidOperationException(
                $"The endpoint '{endpoint.DisplayName}' names the scheme '{Token}', but the policy evaluator '{evaluator.GetType()}' does not tell peers and tokens apart. " +
                "Register it before the call of 'AddSpiffeJwt()', which then asks it for all else.");
    }

    private static string Describe(Endpoint endpoint, string policy, bool meansToken) => meansToken
        ? $"The endpoint '{endpoint.DisplayName}' names the scheme '{Token}', and its policy '{policy}' does not, so that nobody can see whom it means. " +
          $"Write 'AuthenticationSchemes = \"{Token}\"' beside it for the owner of the token, or call 'RequireSpiffe(\"{policy}\")' for the peer of the connection."
        : $"The policy '{policy}' on a method of the hub '{endpoint.DisplayName}' names the scheme '{Token}', but the hub does not: put it on the hub.";

    private static bool NamesToken(IAuthorizeData data) =>
        data.AuthenticationSchemes?.Split(',', StringSplitOptions.TrimEntries).Contains(Token, StringComparer.Ordinal) == true;
}
