using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Authorization.Policy;
using Microsoft.AspNetCore.Http;

namespace AspNetSpiffe;

/// <summary>Answers for a <see cref="SpiffeRequirement"/> that was not met, and leaves all else to the application's own handler.</summary>
/// <remarks>Otherwise the default scheme would answer, and a workload without permission would be sent to a log-in page.</remarks>
internal sealed class SpiffeAuthorizationResultHandler(IAuthorizationMiddlewareResultHandler others, TimeProvider time) : IAuthorizationMiddlewareResultHandler
{
    public Task HandleAsync(RequestDelegate next, HttpContext context, AuthorizationPolicy policy, PolicyAuthorizationResult authorizeResult) =>
        !authorizeResult.Succeeded && FindRefusal(policy, CurrentPeer.Find(context, time)) is { } refusal
            ? refusal.WriteAsync(context)
            : others.HandleAsync(next, context, policy, authorizeResult);

    // A challenge does not say which requirement failed, so we look again.
    private static Refusal? FindRefusal(AuthorizationPolicy policy, SpiffePeer? peer)
    {
        foreach (var requirement in policy.Requirements)
            if (requirement is SpiffeRequirement spiffe && !spiffe.Pattern.Matches(peer?.Id))
                return peer is null ? Refusal.Unauthenticated : Refusal.PermissionDenied;

        return null;
    }
}
