using System.Security.Claims;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc.Filters;
using Microsoft.AspNetCore.OutputCaching;
using Microsoft.AspNetCore.SignalR;
using Microsoft.Extensions.Options;

namespace AspNetSpiffe;

/// <summary>Evaluates a <see cref="SpiffeRequirement"/> against the user, and a <see cref="PeerRequirement"/> against the certificate of the connection.</summary>
internal sealed class SpiffeAuthorizationHandler(TimeProvider time, IOptions<SpiffeSchemes> schemes) : IAuthorizationHandler
{
    public async Task HandleAsync(AuthorizationHandlerContext context)
    {
        var http = FindHttpContext(context.Resource);
        var caller = SpiffeClaimsPrincipalExtensions.Find(context.User, out var isOneOfSeveral);

        // If UseAuthentication() runs before UseRouting(), a scheme does not know that another scheme of the endpoint takes precedence; a credential rejected there must not be replaced.
        if (isOneOfSeveral || (caller is not null && http is not null && await schemes.Value.YieldsAsync(http, caller.Source, caller.IsCertificate)))
        {
            context.Fail(new(this, "The request has more than one possible caller, and the endpoint names both schemes: call UseRouting() before UseAuthentication()."));
            return;
        }

        var (asksForCaller, asksForPeer, asksForMore) = (false, false, false);
        foreach (var requirement in context.Requirements)
        {
            if (requirement is SpiffeRequirement spiffe)
            {
                asksForCaller = true;
                if (caller?.IsValid(time) == true && spiffe.Pattern.Matches(caller.Id)) context.Succeed(spiffe);
            }
            else if (requirement is PeerRequirement) asksForPeer = true;
            else asksForMore = true;
        }

        // An output cache before authorization would serve the response to other callers.
        if ((asksForCaller || asksForPeer) && http?.Features.Get<IOutputCacheFeature>() is { } cache) cache.Context.AllowCacheStorage = false;
        if (asksForPeer) await JudgePeerAsync(context, http, isAllThatIsAsked: !asksForCaller && !asksForMore);
    }

    private async Task JudgePeerAsync(AuthorizationHandlerContext context, HttpContext? http, bool isAllThatIsAsked)
    {
        // SignalR hides the connection from the methods of a hub under long polling, but not its user.
        var peer = context.Resource is HubInvocationContext ? ConnectionPeer.FindIn(context.User, time) : null;
        if (peer is null && http is not null) peer = await ConnectionPeer.FindAsync(http, time);

        var isMet = true;
        foreach (var requirement in context.Requirements)
        {
            if (requirement is not PeerRequirement word) continue;
            if (peer is not null && word.IsMet(peer.Id)) context.Succeed(word);
            else isMet = false;
        }

        if (http is null) return;
        if (!isMet) http.Features.Set(new RefusedPeer(peer is not null));
        else if (http.User.Identity?.IsAuthenticated == true) ConnectionPeer.AddTo(http, peer!);

        // If only the certificate is required, the peer becomes the user; otherwise it does not authenticate anyone.
        else if (isAllThatIsAsked) http.User = new ClaimsPrincipal(peer!);
    }

    private static HttpContext? FindHttpContext(object? resource) => resource switch
    {
        // Authorization middleware: minimal APIs, controllers, hubs, gRPC.
        HttpContext http => http,

        // AuthorizeFilter, and the methods of a hub.
        AuthorizationFilterContext mvc => mvc.HttpContext,
        HubInvocationContext hub => hub.Context.GetHttpContext(),
        _ => null,
    };
}
