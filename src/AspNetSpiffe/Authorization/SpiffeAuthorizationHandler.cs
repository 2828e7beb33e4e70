using System.Security.Claims;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc.Filters;
using Microsoft.AspNetCore.OutputCaching;
using Microsoft.AspNetCore.SignalR;
using Microsoft.Extensions.Options;

namespace AspNetSpiffe;

/// <summary>Decides a <see cref="SpiffeRequirement"/> by the user, and a <see cref="PeerRequirement"/> by the certificate of the connection.</summary>
internal sealed class SpiffeAuthorizationHandler(TimeProvider time, IOptions<SpiffeSchemes> schemes) : IAuthorizationHandler
{
    public async Task HandleAsync(AuthorizationHandlerContext context)
    {
        var caller = SpiffeClaimsPrincipalExtensions.Find(context.User, out var isOneOfSeveral);
        var http = FindHttpContext(context.Resource);
        if (isOneOfSeveral || (caller is not null && http is not null && await IsBesideRefusedTokenAsync(caller, http)))
        {
            context.Fail(new(this, "The request has a peer and a token, and only one of them is the caller: call UseRouting() before UseAuthentication()."));
            return;
        }

        var (asksForCaller, asksForPeer) = (false, false);
        foreach (var requirement in context.Requirements)
        {
            asksForPeer |= requirement is PeerRequirement;
            if (requirement is not SpiffeRequirement spiffe) continue;
            asksForCaller = true;
            if (caller?.IsValid(time) == true && spiffe.Pattern.Matches(caller.Id)) context.Succeed(spiffe);
        }

        // A cache that stands before authorization would serve the answer to whoever asks next.
        if ((asksForCaller || asksForPeer) && http?.Features.Get<IOutputCacheFeature>() is { } cache) cache.Context.AllowCacheStorage = false;
        if (asksForPeer) await JudgePeerAsync(context, http);
    }

    private async Task JudgePeerAsync(AuthorizationHandlerContext context, HttpContext? http)
    {
        // SignalR hides the connection from the methods of a hub under long polling, but not its user.
        var peer = context.Resource is HubInvocationContext ? ConnectionPeer.FindIn(context.User, time) : null;
        if (peer is null && http is not null) peer = await ConnectionPeer.FindAsync(http, time);

        var isMet = true;
        foreach (var requirement in context.Requirements.OfType<PeerRequirement>())
            if (peer is not null && requirement.IsMet(peer.Id)) context.Succeed(requirement);
            else isMet = false;

        if (http is null) return;
        if (isMet) Admit(context, http, peer!);
        else http.Features.Set(new RefusedPeer(peer is not null));
    }

    // Where nothing but the certificate is asked for, the peer is the user; otherwise it never makes anybody authenticated.
    private static void Admit(AuthorizationHandlerContext context, HttpContext http, SpiffeIdentity peer)
    {
        if (http.User.Identity?.IsAuthenticated == true) ConnectionPeer.AddTo(http, peer);
        else if (context.Requirements.All(static requirement => requirement is PeerRequirement)) http.User = new ClaimsPrincipal(peer);
    }

    // UseAuthentication() before UseRouting(): the scheme 'Spiffe' could not know that the endpoint lets a token decide.
    private async ValueTask<bool> IsBesideRefusedTokenAsync(SpiffeIdentity caller, HttpContext http) =>
        caller.Source == SpiffeIdentitySource.Peer && http.Features.Get<RequestToken>() == RequestToken.Refused && await schemes.Value.AreBothNamedAsync(http);

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
