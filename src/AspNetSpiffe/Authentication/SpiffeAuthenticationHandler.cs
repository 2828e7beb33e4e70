using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;

namespace AspNetSpiffe;

/// <summary>The scheme <c>Spiffe</c>: the peer of the connection becomes the user of the request.</summary>
internal sealed class SpiffeAuthenticationHandler(IOptionsMonitor<SpiffeAuthenticationOptions> options, IOptions<SpiffeSchemes> schemes, ServerNotifications notifications)
    : SpiffeHandler<SpiffeAuthenticationOptions>(options, notifications.GuardedLoggers)
{
    protected override string Challenge => SpiffeAuthenticationDefaults.AuthenticationScheme;

    protected override async Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        if (Context.GetSpiffePeer() is not { } peer) return AuthenticateResult.NoResult();

        var identity = new SpiffeIdentity(peer, Scheme.Name, Options.ClaimsIssuer);
        if (!identity.IsValid(TimeProvider)) return await FailAsync($"The SVID of the caller '{peer.Id}' expired at {peer.ValidUntil:u}.");

        // With the SVID, or earlier, with a certificate above it.
        var result = await SucceedAsync(identity, peer.NotAfter < peer.ValidUntil ? peer.NotAfter : peer.ValidUntil);
        return result.Succeeded && await schemes.Value.YieldsAsync(Context, SpiffeIdentitySource.Peer) ? new YieldingCaller(result.Principal) : result;
    }
}
