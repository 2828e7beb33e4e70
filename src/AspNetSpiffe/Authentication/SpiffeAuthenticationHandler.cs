using System.Security.Claims;
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
        return AuthenticateResult.Success(new(new ClaimsPrincipal(CreateIdentity(peer.Id)), properties, Scheme.Name));
    }

    // New for each request: an identity is mutable, and the requests of a connection run at the same time.
    private ClaimsIdentity CreateIdentity(SpiffeId id)
    {
        var text = id.ToString();
        var issuer = Options.ClaimsIssuer ?? id.TrustDomain.Id.ToString();
        return new(
            [
                new(ClaimTypes.NameIdentifier, text, ClaimValueTypes.String, issuer),
                new(ClaimTypes.Name, text, ClaimValueTypes.String, issuer),
                new(SpiffeClaimTypes.Id, text, ClaimValueTypes.String, issuer),
                new(SpiffeClaimTypes.TrustDomain, id.TrustDomain.Name, ClaimValueTypes.String, issuer),
                new(SpiffeClaimTypes.Path, id.Path, ClaimValueTypes.String, issuer),
            ],
            SpiffeAuthenticationDefaults.AuthenticationScheme);
    }
}
