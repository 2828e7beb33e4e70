using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Http;

namespace AspNetSpiffe;

/// <summary>The one caller of a request, to policies and to GetSpiffeId() alike: the peer of the connection, or the owner of the token.</summary>
/// <remarks>
/// It is the peer unless the endpoint names the scheme <c>SpiffeJwt</c>. Over a connection that does not speak SPIFFE there is no peer to mean:
/// there it is the owner of the token where the application made <c>SpiffeJwt</c> its default scheme.
/// </remarks>
internal static class CurrentCaller
{
    /// <summary>Finds the caller that counts now: an expired SVID speaks for nobody.</summary>
    public static SpiffeId? Find(HttpContext? context, TimeProvider time)
    {
        if (context is null) return null;
        var connection = context.Features.Get<ISpiffePeerFeature>();
        if (IsTokenOwner(context, connection)) return context.Features.Get<RequestToken>()?.Find(time)?.Id;
        return connection?.Peer is { } peer && CurrentPeer.IsValid(peer, time) ? peer.Id : null;
    }

    /// <summary>Finds the caller, expired or not.</summary>
    public static SpiffeId? Find(HttpContext context)
    {
        var connection = context.Features.Get<ISpiffePeerFeature>();
        return IsTokenOwner(context, connection) ? context.Features.Get<RequestToken>()?.Token?.Id : connection?.Peer?.Id;
    }

    /// <summary>Says whether a token would have made a caller: the endpoint means it, or the default scheme looked for it where there can be no peer.</summary>
    public static bool IsAskedForToken(HttpContext context) =>
        context.Features.Get<TokenMeant>() is not null || (context.Features.Get<ISpiffePeerFeature>() is null && context.Features.Get<RequestToken>() is not null);

    private static bool IsTokenOwner(HttpContext context, ISpiffePeerFeature? connection) =>
        context.Features.Get<TokenMeant>() is not null || (connection is null && IsUserOfToken(context));

    // Not the user's claims: any scheme could make such. Whoever replaces the user takes this away too.
    private static bool IsUserOfToken(HttpContext context) =>
        context.Features.Get<IAuthenticateResultFeature>()?.AuthenticateResult?.Ticket?.AuthenticationScheme == SpiffeJwtAuthenticationDefaults.AuthenticationScheme;
}
