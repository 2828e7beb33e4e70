using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Microsoft.Net.Http.Headers;

namespace AspNetSpiffe;

/// <summary>The base of the handlers of all schemes: events, and responses that set a status and a header only, so that another scheme can add its own.</summary>
internal abstract class SpiffeHandler<TOptions>(IOptionsMonitor<TOptions> options, ILoggerFactory loggers) : AuthenticationHandler<TOptions>(options, loggers, UrlEncoder.Default)
    where TOptions : AuthenticationSchemeOptions, new()
{
    private static readonly Task<object> NoEvents = Task.FromResult<object>(new SpiffeAuthenticationEvents());

    private new SpiffeAuthenticationEvents Events => (SpiffeAuthenticationEvents)base.Events!;

    /// <summary>Gets the challenge of a 401 response (RFC 9110 §11.6.1). It does not contain the error (RFC 6750 §3.1).</summary>
    protected abstract string Challenge { get; }

    protected override Task<object> CreateEventsAsync() => NoEvents;

    // Expires with the SVID, or earlier with another certificate of the chain.
    protected ValueTask<AuthenticateResult> SucceedAsync(SpiffeIdentity identity, SpiffePeer peer) => SucceedAsync(identity, peer.NotAfter < peer.ValidUntil ? peer.NotAfter : peer.ValidUntil);

    protected async ValueTask<AuthenticateResult> SucceedAsync(SpiffeIdentity identity, DateTimeOffset expires)
    {
        var context = new SpiffeAuthenticatedContext(Context, Scheme, Options, identity, expires);
        await Events.Authenticated(context);
        return context.Result ?? AuthenticateResult.Success(new(context.Principal!, context.Properties, Scheme.Name));
    }

    protected async ValueTask<AuthenticateResult> FailAsync(string problem)
    {
        await Events.AuthenticationFailed(new(Context, Scheme, Options, problem));
        return AuthenticateResult.Fail(problem);
    }

    protected override async Task HandleChallengeAsync(AuthenticationProperties properties)
    {
        // A challenge may come without a previous authentication.
        await HandleAuthenticateOnceSafeAsync();
        var context = new SpiffeChallengeContext(Context, Scheme, Options, properties);
        await Events.Challenge(context);
        if (context.Handled) return;

        Response.StatusCode = StatusCodes.Status401Unauthorized;
        Response.Headers.Append(HeaderNames.WWWAuthenticate, Challenge);
    }

    protected override Task HandleForbiddenAsync(AuthenticationProperties properties)
    {
        Response.StatusCode = StatusCodes.Status403Forbidden;
        return Events.Forbidden(new(Context, Scheme, Options, properties));
    }
}
