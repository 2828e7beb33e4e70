using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Http;

namespace AspNetSpiffe;

/// <summary>What the scheme <c>Spiffe</c> says in one scope of services, and so in one request. As every handler does, it says the same when it is asked again.</summary>
internal sealed class PeerTicket
{
    private Task<AuthenticateResult>? _result;

    public Task<AuthenticateResult> GetAsync(HttpContext context, AuthenticationSchemeOptions options, string scheme) =>
        _result ??= Task.FromResult(Create(context, options, scheme));

    private static AuthenticateResult Create(HttpContext context, AuthenticationSchemeOptions options, string scheme)
    {
        if (context.GetSpiffePeer() is not { } peer) return AuthenticateResult.NoResult();
        if (!CurrentPeer.IsValid(peer, options.TimeProvider ?? TimeProvider.System))
            return AuthenticateResult.Fail($"The SVID of the caller '{peer.Id}' expired at {peer.ValidUntil:u}.");

        // With the SVID, or earlier, with a certificate above it.
        var expires = peer.NotAfter < peer.ValidUntil ? peer.NotAfter : peer.ValidUntil;
        var properties = new AuthenticationProperties(new ExpiryItems(expires));
        return AuthenticateResult.Success(new(new PeerPrincipal(peer.Id, scheme, options.ClaimsIssuer), properties, scheme));
    }
}
