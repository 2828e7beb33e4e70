using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Authorization.Policy;
using Microsoft.AspNetCore.Http;

namespace AspNetSpiffe;

/// <summary>Notes for each request whom the policy of its endpoint means, by the schemes that it names: only here are all of them known.</summary>
internal sealed class CallerChoice(IPolicyEvaluator others, PolicyShortcut? shortcut = null) : IPolicyEvaluator
{
    private static readonly Task<PolicyAuthorizationResult> Yes = Task.FromResult(PolicyAuthorizationResult.Success());

    public Task<AuthenticateResult> AuthenticateAsync(AuthorizationPolicy policy, HttpContext context)
    {
        var either = policy.AuthenticationSchemes.Contains(SpiffeAuthenticationDefaults.AuthenticationScheme);
        var token = policy.AuthenticationSchemes.Contains(SpiffeJwtAuthenticationDefaults.AuthenticationScheme)
            && (!either || BearerToken.IsIn(context.Request));

        if (token) context.Features.Set(TokenMeant.Instance);
        else if (context.Features.Get<TokenMeant>() is not null) context.Features.Set<TokenMeant>(null);

        // A request has one caller: a token speaks for it, and a bad one is not made good by the connection that brought it.
        return others.AuthenticateAsync(token && either ? WithoutPeer(policy) : policy, context);
    }

    public Task<PolicyAuthorizationResult> AuthorizeAsync(AuthorizationPolicy policy, AuthenticateResult authenticationResult, HttpContext context, object? resource) =>
        shortcut?.Allows(policy, resource) == true ? Yes : others.AuthorizeAsync(policy, authenticationResult, context, resource);

    private static AuthorizationPolicy WithoutPeer(AuthorizationPolicy policy) =>
        new(policy.Requirements, policy.AuthenticationSchemes.Where(scheme => scheme != SpiffeAuthenticationDefaults.AuthenticationScheme));
}
