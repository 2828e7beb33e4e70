using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Authorization.Policy;
using Microsoft.AspNetCore.Http;

namespace AspNetSpiffe;

/// <summary>Answers for a <see cref="SpiffeRequirement"/> that was not met, and where tokens are meant, and leaves all else to the application's own handler.</summary>
/// <remarks>Otherwise the default scheme would answer, and a workload without permission would be sent to a log-in page; and two schemes would answer twice.</remarks>
internal sealed class SpiffeAuthorizationResultHandler(IAuthorizationMiddlewareResultHandler others, TimeProvider time) : IAuthorizationMiddlewareResultHandler
{
    public Task HandleAsync(RequestDelegate next, HttpContext context, AuthorizationPolicy policy, PolicyAuthorizationResult authorizeResult)
    {
        if (authorizeResult.Succeeded) return others.HandleAsync(next, context, policy, authorizeResult);
        if (FindRefusal(policy, CurrentCaller.Find(context, time)) is { } refusal) return refusal.WriteAsync(context, Challenge.Of(context, policy.AuthenticationSchemes));
        if (!policy.AuthenticationSchemes.Contains(SpiffeJwtAuthenticationDefaults.AuthenticationScheme)) return others.HandleAsync(next, context, policy, authorizeResult);

        // A browser is sent to the log-in page of the other scheme; whoever has a token is no browser.
        var foreign = policy.AuthenticationSchemes.Where(scheme => !OurSchemes.Contain(scheme)).ToArray();
        if (foreign.Length > 0 && !BearerToken.IsIn(context.Request)) return others.HandleAsync(next, context, new(policy.Requirements, foreign), authorizeResult);

        refusal = authorizeResult.Challenged ? Refusal.Unauthenticated : Refusal.PermissionDenied;
        return refusal.WriteAsync(context, Challenge.Of(context, policy.AuthenticationSchemes));
    }

    // A challenge does not say which requirement failed, so we look again.
    private static Refusal? FindRefusal(AuthorizationPolicy policy, SpiffeId? caller)
    {
        foreach (var requirement in policy.Requirements)
            if (requirement is SpiffeRequirement spiffe && !spiffe.Pattern.Matches(caller))
                return caller is null ? Refusal.Unauthenticated : Refusal.PermissionDenied;

        return null;
    }
}
