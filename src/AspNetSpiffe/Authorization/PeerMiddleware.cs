using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Http;

namespace AspNetSpiffe;

/// <summary>The middleware of RequireSpiffe and the like: checks the certificate as the same requirement on an endpoint does, without authenticating a user.</summary>
internal sealed class PeerMiddleware(RequestDelegate next, PeerRequirement requirement, TimeProvider time)
{
    public async Task InvokeAsync(HttpContext context)
    {
        var peer = await ConnectionPeer.FindAsync(context, time);
        if (peer is not null && requirement.IsMet(peer.Id))
        {
            ConnectionPeer.AddTo(context, peer);
            await next(context);
            return;
        }

        if (peer is null) await context.ChallengeAsync(SpiffeAuthenticationDefaults.AuthenticationScheme);
        else await context.ForbidAsync(SpiffeAuthenticationDefaults.AuthenticationScheme);
        await Problem.DescribeAsync(context);
    }
}
