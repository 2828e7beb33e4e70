using System.Security.Claims;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace AspNetSpiffe;

/// <summary>Says yes for the scheme <c>Spiffe</c> without making a handler, where the handler alone would say so. All else the framework's service does.</summary>
/// <remarks>Both ways ask <see cref="PeerTicket"/>. Whoever has a say is looked for in the services of each request, as the framework does: a tenant may have its own.</remarks>
internal sealed class SpiffeAuthenticationService(IServiceProvider services, Listeners listeners) : IAuthenticationService
{
    /// <summary>The key of the framework's own service in the container.</summary>
    public static readonly object OthersKey = new();

    private const string Scheme = SpiffeAuthenticationDefaults.AuthenticationScheme;

    private IAuthenticationService Others => services.GetRequiredKeyedService<IAuthenticationService>(OthersKey);

    public Task<AuthenticateResult> AuthenticateAsync(HttpContext context, string? scheme) =>
        scheme == Scheme && Find(context) is { IsCompletedSuccessfully: true, Result.Succeeded: true } yes ? yes : Others.AuthenticateAsync(context, scheme);

    public Task ChallengeAsync(HttpContext context, string? scheme, AuthenticationProperties? properties) => Others.ChallengeAsync(context, scheme, properties);

    public Task ForbidAsync(HttpContext context, string? scheme, AuthenticationProperties? properties) => Others.ForbidAsync(context, scheme, properties);

    public Task SignInAsync(HttpContext context, string? scheme, ClaimsPrincipal principal, AuthenticationProperties? properties) =>
        Others.SignInAsync(context, scheme, principal, properties);

    public Task SignOutAsync(HttpContext context, string? scheme, AuthenticationProperties? properties) => Others.SignOutAsync(context, scheme, properties);

    private Task<AuthenticateResult>? Find(HttpContext context)
    {
        if (listeners.HearAuthentication) return null;

        var options = services.GetRequiredService<IOptionsMonitor<SpiffeAuthenticationOptions>>().Get(Scheme);
        if (options is not { ForwardAuthenticate: null, ForwardDefault: null, ForwardDefaultSelector: null, EventsType: null }) return null;
        if (services.GetService<IClaimsTransformation>()?.GetType() != typeof(NoopClaimsTransformation)) return null;
        if (services.GetService<IAuthenticationHandlerProvider>()?.GetType() != typeof(AuthenticationHandlerProvider)) return null;

        // Schemes come and go at run time.
        var scheme = services.GetRequiredService<IAuthenticationSchemeProvider>().GetSchemeAsync(Scheme);
        return scheme is { IsCompletedSuccessfully: true, Result: { } ours } && ours.HandlerType == typeof(SpiffeAuthenticationHandler)
            ? services.GetRequiredService<PeerTicket>().GetAsync(context, options, Scheme)
            : null;
    }
}
