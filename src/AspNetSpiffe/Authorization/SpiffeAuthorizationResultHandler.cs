using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Authorization.Policy;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;

namespace AspNetSpiffe;

/// <summary>Lets the scheme <c>Spiffe</c> respond when a requirement on the certificate is not met, whatever the default scheme, and adds Problem Details to the responses of our schemes. The application's own handler runs first.</summary>
internal sealed class SpiffeAuthorizationResultHandler(
    IAuthorizationMiddlewareResultHandler others, IOptions<SpiffeSchemes> schemes, IAuthenticationSchemeProvider known) : IAuthorizationMiddlewareResultHandler
{
    private const string Scheme = SpiffeAuthenticationDefaults.AuthenticationScheme;

    public Task HandleAsync(RequestDelegate next, HttpContext context, AuthorizationPolicy policy, PolicyAuthorizationResult authorizeResult) =>
        authorizeResult.Succeeded ? others.HandleAsync(next, context, policy, authorizeResult) : RefuseAsync(next, context, policy, authorizeResult);

    private async Task RefuseAsync(RequestDelegate next, HttpContext context, AuthorizationPolicy policy, PolicyAuthorizationResult result)
    {
        // Otherwise the default scheme would respond, for example redirect a workload without permission to a log-in page.
        if (context.Features.Get<RefusedPeer>() is { } peer && policy.Requirements.Any(static requirement => requirement is PeerRequirement))
        {
            policy = new(policy.Requirements, [Scheme]);
            result = peer.IsVerified ? PolicyAuthorizationResult.Forbid(result.AuthorizationFailure) : PolicyAuthorizationResult.Challenge();
        }

        await others.HandleAsync(next, context, policy, result);
        if (await AnswersForAsync(policy)) await Problem.DescribeAsync(context);
    }

    private async ValueTask<bool> AnswersForAsync(AuthorizationPolicy policy) => policy.AuthenticationSchemes.Count > 0
        ? policy.AuthenticationSchemes.Any(schemes.Value.Contain)
        : schemes.Value.Contain((await known.GetDefaultChallengeSchemeAsync())?.Name);
}
