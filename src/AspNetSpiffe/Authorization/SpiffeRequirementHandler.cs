using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc.Filters;
using Microsoft.AspNetCore.SignalR;

namespace AspNetSpiffe;

/// <summary>Decides a <see cref="SpiffeRequirement"/> by the caller of the request. What it cannot find a request in, it does not let pass.</summary>
internal sealed class SpiffeRequirementHandler(TimeProvider time) : AuthorizationHandler<SpiffeRequirement>
{
    public bool IsMet(SpiffeRequirement requirement, object? resource) => requirement.Pattern.Matches(CurrentCaller.Find(FindHttpContext(resource), time));

    protected override Task HandleRequirementAsync(AuthorizationHandlerContext context, SpiffeRequirement requirement)
    {
        if (IsMet(requirement, context.Resource)) context.Succeed(requirement);
        return Task.CompletedTask;
    }

    private static HttpContext? FindHttpContext(object? resource) => resource switch
    {
        // The middleware: minimal APIs, controllers, hubs, gRPC.
        HttpContext http => http,

        // AuthorizeFilter, and the methods of a hub.
        AuthorizationFilterContext mvc => mvc.HttpContext,
        HubInvocationContext hub => hub.Context.GetHttpContext(),
        _ => null,
    };
}
