using System.Security.Claims;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Http;

namespace AspNetSpiffe;

/// <summary>The certificate that the words ask for: whom the scheme <c>Spiffe</c> verifies, whoever the user of the request is.</summary>
internal static class ConnectionPeer
{
    private const string Scheme = SpiffeAuthenticationDefaults.AuthenticationScheme;

    /// <summary>Finds the peer that counts now. A token never stands in for it, also where the application forwards the scheme.</summary>
    public static async ValueTask<SpiffeIdentity?> FindAsync(HttpContext context, TimeProvider time)
    {
        // Where the scheme is the default, it has been asked already.
        if (context.User.GetSpiffeIdentity() is { Peer: { } known, Scheme: Scheme } user && known == context.GetSpiffePeer()) return user.IsValid(time) ? user : null;

        var result = await context.AuthenticateAsync(Scheme);
        return FindIn((result as YieldingCaller)?.Caller ?? result.Principal, time);
    }

    public static SpiffeIdentity? FindIn(ClaimsPrincipal? user, TimeProvider time) =>
        user?.GetSpiffeIdentity() is { IsCertificate: true } peer && peer.IsValid(time) ? peer : null;

    /// <summary>Adds a peer to a user who has authenticated otherwise, so that code that is given the user alone sees it. An anonymous user stays one: a certificate is no log-in.</summary>
    // A new principal, because the application may hand out the same to many requests.
    public static void AddTo(HttpContext context, SpiffeIdentity peer)
    {
        if (context.User is { Identity.IsAuthenticated: true } user && user.GetSpiffeIdentity() is null) context.User = new ClaimsPrincipal([.. user.Identities, peer]);
    }
}
