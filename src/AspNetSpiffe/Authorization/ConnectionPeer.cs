using System.Security.Claims;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Http;

namespace AspNetSpiffe;

/// <summary>The peer to which requirements on the certificate apply: the one that the scheme <c>Spiffe</c> verifies, independent of the user.</summary>
internal static class ConnectionPeer
{
    private const string Scheme = SpiffeAuthenticationDefaults.AuthenticationScheme;

    /// <summary>Finds the peer if it is still valid. A token never replaces it, even if the application forwards the scheme.</summary>
    public static async ValueTask<SpiffeIdentity?> FindAsync(HttpContext context, TimeProvider time)
    {
        // If the scheme is the default, it has already run.
        if (context.User.GetSpiffeIdentity() is { Peer: { } known, Scheme: Scheme } user && known == context.GetSpiffePeer()) return user.IsValid(time) ? user : null;

        var result = await context.AuthenticateAsync(Scheme);
        return FindIn((result as YieldingCaller)?.Caller ?? result.Principal, time);
    }

    public static SpiffeIdentity? FindIn(ClaimsPrincipal? user, TimeProvider time) =>
        user?.GetSpiffeIdentity() is { IsCertificate: true } peer && peer.IsValid(time) ? peer : null;

    /// <summary>Adds the peer to a user who was authenticated by another scheme, for code that gets the user only. An anonymous user stays anonymous: a certificate does not log a user in.</summary>
    // A new principal, because the application may share one between requests.
    public static void AddTo(HttpContext context, SpiffeIdentity peer)
    {
        if (context.User is { Identity.IsAuthenticated: true } user && user.GetSpiffeIdentity() is null) context.User = new ClaimsPrincipal([.. user.Identities, peer]);
    }
}
