using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Authorization.Policy;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace AspNetSpiffe;

/// <summary>Holds that each policy says whom it means: the schemes of an endpoint are one list, so one that names <c>SpiffeJwt</c> would change what its others mean.</summary>
internal static class SchemeCheck
{
    private const string Token = SpiffeJwtAuthenticationDefaults.AuthenticationScheme;

    public static bool MeansToken(Endpoint endpoint, IEnumerable<IAuthorizeData> own) =>
        own.Any(NamesToken) || endpoint.Metadata.GetOrderedMetadata<AuthorizationPolicy>().Any(policy => policy.AuthenticationSchemes.Contains(Token));

    /// <exception cref="InvalidOperationException">A policy of the endpoint, or of a method of its hub, does not say whether it means the peer or the token.</exception>
    public static void ThrowIfUnclear(Endpoint endpoint, IReadOnlyCollection<IAuthorizeData> own, IReadOnlyCollection<IAuthorizeData> methods)
    {
        var meansToken = MeansToken(endpoint, own);
        foreach (var data in own.Concat(methods).Where(data => SpiffePolicies.IsPattern(data.Policy)))
            if (NamesToken(data) != meansToken)
                throw new InvalidOperationException(
                    meansToken
                        ? $"The endpoint '{endpoint.DisplayName}' names the scheme '{Token}', and its policy '{data.Policy}' does not, so that nobody can see whom it means. " +
                          $"Write 'AuthenticationSchemes = \"{Token}\"' beside it for the owner of the token, or call 'RequireSpiffe(\"{data.Policy}\")' for the peer of the connection."
                        : $"The policy '{data.Policy}' on a method of the hub '{endpoint.DisplayName}' names the scheme '{Token}', but the hub does not: put it on the hub.");
    }

    /// <exception cref="InvalidOperationException">An evaluator that the application registered after ours took its place, and nobody notes whom a policy means.</exception>
    public static void ThrowIfReplaced(IServiceProvider services, Endpoint endpoint)
    {
        if (services.GetRequiredService<IPolicyEvaluator>() is { } evaluator and not CallerChoice)
            throw new InvalidOperationException(
                $"The endpoint '{endpoint.DisplayName}' names the scheme '{Token}', but the policy evaluator '{evaluator.GetType()}' does not tell peers and tokens apart. " +
                "Register it before the call of 'AddSpiffeJwt()', which then asks it for all else.");
    }

    private static bool NamesToken(IAuthorizeData data) =>
        data.AuthenticationSchemes?.Split(',', StringSplitOptions.TrimEntries).Contains(Token, StringComparer.Ordinal) == true;
}
