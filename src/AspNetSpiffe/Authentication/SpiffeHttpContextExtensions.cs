using System.Security.Claims;
using AspNetSpiffe;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Microsoft.AspNetCore.Http;

/// <summary>Reads the SPIFFE identity of the caller from an <see cref="HttpContext"/>.</summary>
/// <remarks>
/// The caller is the <see cref="SpiffeIdentity"/> in <see cref="HttpContext.User"/>, which policies check. The peer is the client of the connection, independent of the content of the request.
/// </remarks>
public static class SpiffeHttpContextExtensions
{
    private const string Scheme = SpiffeAuthenticationDefaults.AuthenticationScheme;

    /// <summary>Gets the verified peer of the connection, even if its SVID has expired since; <see langword="null"/> if no peer was verified. Independent of a token of the request.</summary>
    /// <param name="context">The request.</param>
    public static SpiffePeer? GetSpiffePeer(this HttpContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        return context.Features.Get<ISpiffePeerFeature>()?.Peer;
    }

    /// <summary>Gets the verified token of the request; <see langword="null"/> if there is none, or no scheme has read it.</summary>
    /// <remarks>A token is read for an endpoint with the scheme <c>SpiffeJwt</c>, if that is the default scheme, and by <c>AuthenticateAsync("SpiffeJwt")</c>.</remarks>
    /// <param name="context">The request.</param>
    public static SpiffeToken? GetSpiffeToken(this HttpContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        return context.Features.Get<RequestToken>()?.Token;
    }

    /// <summary>Gets the SPIFFE ID of the caller, the one that the policies of the endpoint check, or <see langword="null"/> without an authenticated caller.</summary>
    /// <remarks>
    /// It is that of <see cref="HttpContext.User"/>. If the user is authenticated by another default scheme of the application and no token was read,
    /// it is the caller that the scheme <c>Spiffe</c> authenticates from the connection.
    /// </remarks>
    /// <param name="context">The request.</param>
    public static SpiffeId? GetSpiffeId(this HttpContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        return context.User.GetSpiffeId() ?? (IsAskedElsewhere(context) ? Authenticate(context)?.GetSpiffeId() : null);
    }

    /// <summary>Gets the verified peer of the connection.</summary>
    /// <param name="context">The request.</param>
    /// <exception cref="InvalidOperationException">No peer was verified on this connection; the message names the missing call.</exception>
    public static SpiffePeer GetRequiredSpiffePeer(this HttpContext context) => context.GetSpiffePeer() ?? throw NoPeer(context);

    /// <summary>Gets the SPIFFE ID of the caller, the one that the policies of the endpoint check.</summary>
    /// <param name="context">The request.</param>
    /// <exception cref="InvalidOperationException">There is no authenticated caller; the message names the missing call.</exception>
    public static SpiffeId GetRequiredSpiffeId(this HttpContext context) =>
        context.GetSpiffeId() ?? throw (context.Features.Get<RequestToken>() is null ? NoPeer(context) : NoToken());

    private static bool IsAskedElsewhere(HttpContext context) =>
        context.Features.Get<RequestToken>() is null
        && context.RequestServices?.GetService<IOptions<AuthenticationOptions>>()?.Value is { } options
        && (options.DefaultAuthenticateScheme ?? options.DefaultScheme) != Scheme
        && options.SchemeMap.ContainsKey(Scheme);

    // Completes synchronously, unless the application forwards the scheme or its events are asynchronous.
    private static ClaimsPrincipal? Authenticate(HttpContext context) => context.AuthenticateAsync(Scheme).GetAwaiter().GetResult().Principal;

    private static InvalidOperationException NoPeer(HttpContext context) => new(
        context.Features.Get<ISpiffePeerFeature>() is null
            ? "The connection of this request does not use SPIFFE. Call 'builder.WebHost.UseSpiffeMtls()', or 'listenOptions.UseSpiffe()' for one endpoint."
            : "The connection of this request has no authenticated caller. Add 'RequireSpiffe()' to the endpoint, so that only verified callers reach it.");

    private static InvalidOperationException NoToken() =>
        new("This request has no verified token. Add 'RequireAuthorization()' to the endpoint, so that only verified callers reach it.");
}
