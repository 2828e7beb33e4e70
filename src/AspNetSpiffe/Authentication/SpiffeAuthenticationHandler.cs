using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace AspNetSpiffe;

/// <summary>The scheme <c>Spiffe</c>: the peer of the connection becomes the user of the request.</summary>
internal sealed class SpiffeAuthenticationHandler(IOptionsMonitor<SpiffeAuthenticationOptions> options, ILoggerFactory loggers)
    : AuthenticationHandler<SpiffeAuthenticationOptions>(options, loggers, UrlEncoder.Default)
{
    protected override Task<AuthenticateResult> HandleAuthenticateAsync() => Task.FromResult(Authenticate());

    protected override Task HandleChallengeAsync(AuthenticationProperties properties) => Refusal.Unauthenticated.WriteAsync(Context);

    protected override Task HandleForbiddenAsync(AuthenticationProperties properties) => Refusal.PermissionDenied.WriteAsync(Context);

    private AuthenticateResult Authenticate()
    {
        if (Context.GetSpiffePeer() is not { } peer) return AuthenticateResult.NoResult();
        if (!CurrentPeer.IsValid(peer, TimeProvider)) return AuthenticateResult.Fail($"The SVID of the caller '{peer.Id}' expired at {peer.NotAfter:u}.");

        var properties = new AuthenticationProperties { ExpiresUtc = peer.NotAfter };
        return AuthenticateResult.Success(new(new(SpiffeIdentity.Create(peer.Id, Scheme.Name, Options.ClaimsIssuer)), properties, Scheme.Name));
    }
}
