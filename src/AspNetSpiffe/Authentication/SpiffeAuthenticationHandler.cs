using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;

namespace AspNetSpiffe;

/// <summary>The handler of the scheme <c>Spiffe</c>: authenticates the peer of the connection, or the client that a trusted proxy forwards, if that counts as the peer.</summary>
internal sealed class SpiffeAuthenticationHandler(IOptionsMonitor<SpiffeAuthenticationOptions> options, IOptions<SpiffeSchemes> schemes, ServerNotifications notifications)
    : SpiffeHandler<SpiffeAuthenticationOptions>(options, notifications.GuardedLoggers)
{
    protected override string Challenge => SpiffeAuthenticationDefaults.AuthenticationScheme;

    protected override async Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        var result = schemes.Value.FindForwarded(Context) is { CountsAsPeer: true } forwarded ? await Context.AuthenticateAsync(forwarded.Scheme) : await AuthenticatePeerAsync();
        return result.Succeeded && await schemes.Value.YieldsAsync(Context, SpiffeIdentitySource.Peer, isCertificate: true) ? new YieldingCaller(result.Principal) : RequestSpan.Tell(Context, result);
    }

    private async ValueTask<AuthenticateResult> AuthenticatePeerAsync()
    {
        if (Context.GetSpiffePeer() is not { } peer) return AuthenticateResult.NoResult();

        var identity = new SpiffeIdentity(peer, Scheme.Name, Options.ClaimsIssuer);
        return identity.IsValid(TimeProvider) ? await SucceedAsync(identity, peer) : await FailAsync($"The SVID of the caller '{peer.Id}' expired at {peer.ValidUntil:u}.");
    }
}
