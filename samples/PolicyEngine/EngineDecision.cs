using System.Security.Claims;
using Microsoft.AspNetCore.Authorization;

namespace PolicyEngine;

/// <summary>The requirement that the policy engine allows the request.</summary>
internal sealed class EngineDecision : IAuthorizationRequirement;

/// <summary>Queries the engine with the caller's SPIFFE ID. Only a result of true meets the requirement: no identity, no response or another response do not.</summary>
internal sealed partial class EngineDecisionHandler(PolicyEngineClient engine, ILogger<EngineDecisionHandler> logger) : AuthorizationHandler<EngineDecision>
{
    protected override async Task HandleRequirementAsync(AuthorizationHandlerContext context, EngineDecision requirement)
    {
        if (context.User.GetSpiffeId() is not { } caller || context.Resource is not HttpContext http) return;
        try
        {
            if (await engine.AllowsAsync(caller, http.Request.Method, http.Request.Path, http.RequestAborted)) context.Succeed(requirement);
        }
        catch (Exception e) when (!http.RequestAborted.IsCancellationRequested)
        {
            NoDecision(caller.ToString(), e);
            context.Fail(new(this, "The policy engine gave no decision."));
        }
    }

    [LoggerMessage(EventId = 1, Level = LogLevel.Error, Message = "The policy engine gave no decision on {SpiffeId}, so the request is rejected")]
    private partial void NoDecision(string spiffeId, Exception exception);
}
