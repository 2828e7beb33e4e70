using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Options;

namespace AspNetSpiffe;

/// <summary>The scheme <c>Spiffe</c>: the peer of the connection becomes the user of the request.</summary>
internal sealed class SpiffeAuthenticationHandler(IOptionsMonitor<SpiffeAuthenticationOptions> options, ServerNotifications notifications, PeerTicket ticket)
    : AuthenticationHandler<SpiffeAuthenticationOptions>(options, notifications.GuardedLoggers, UrlEncoder.Default)
{
    // Whoever gives the handler another name gets other tickets.
    protected override Task<AuthenticateResult> HandleAuthenticateAsync() =>
        (Scheme.Name == SpiffeAuthenticationDefaults.AuthenticationScheme ? ticket : new PeerTicket()).GetAsync(Context, Options, Scheme.Name);

    protected override Task HandleChallengeAsync(AuthenticationProperties properties) => Refusal.Unauthenticated.WriteAsync(Context);

    protected override Task HandleForbiddenAsync(AuthenticationProperties properties) => Refusal.PermissionDenied.WriteAsync(Context);
}
