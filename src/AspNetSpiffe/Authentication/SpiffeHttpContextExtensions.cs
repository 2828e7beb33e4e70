using System.Security.Claims;
using AspNetSpiffe;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Microsoft.AspNetCore.Http;

/// <summary>Reads the SPIFFE identity of the caller from an <see cref="HttpContext"/>.</summary>
/// <remarks>
/// The caller is the <see cref="SpiffeIdentity"/> in <see cref="HttpContext.User"/>: the one that policies mean. The peer is who opened the connection, whatever the request brought.
/// </remarks>
public static class SpiffeHttpContextExtensions
{
    private const string Scheme = SpiffeAuthenticationDefaults.AuthenticationScheme;

    /// <summary>Gets the verified peer of the connection, expired or not, or <see langword="null"/> when nobody was verified on it. Whatever token the request has, it is the same.</summary>
    /// <param name="context">The request.</param>
    public static SpiffePeer? GetSpiffePeer(this HttpContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        return context.Features.Get<ISpiffePeerFeature>()?.Peer;
    }

    /// <summary>Gets the verified token of the request, or <see langword="null"/> when it has none, or nobody has asked for it.</summary>
    /// <remarks>An endpoint asks for it that names the scheme <c>SpiffeJwt</c>, and so do the default scheme and <c>AuthenticateAsync("SpiffeJwt")</c>.</remarks>
    /// <param name="context">The request.</param>
    public static SpiffeToken? GetSpiffeToken(this HttpContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        return context.Features.Get<RequestToken>()?.Token;
    }

    /// <summary>Gets the SPIFFE ID of the caller, the one that the policies of the endpoint mean, or <see langword="null"/> when nobody was verified.</summary>
    /// <remarks>
    /// It is that of <see cref="HttpContext.User"/>. Where the default scheme of the application is another and nobody asked for a token, so that the user is of that scheme,
    /// it is whom the scheme <c>Spiffe</c> makes of the connection.
    /// </remarks>
    /// <param name="context">The request.</param>
    public static SpiffeId? GetSpiffeId(this HttpContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        return context.User.GetSpiffeId() ?? (IsAskedElsewhere(context) ? Authenticate(context)?.GetSpiffeId() : null);
    }

    /// <summary>Gets the verified peer of the connection.</summary>
    /// <param name="context">The request.</param>
    /// <exception cref="InvalidOperationException">Nobody was verified on this connection; the message names the call that is missing.</exception>
    public static SpiffePeer GetRequiredSpiffePeer(this HttpContext context) => context.GetSpiffePeer() ?? throw NoPeer(context);

    /// <summary>Gets the SPIFFE ID of the caller, the one that the policies of the endpoint mean.</summary>
    /// <param name="context">The request.</param>
    /// <exception cref="InvalidOperationException">Nobody was verified; the message names the call that is missing.</exception>
    public static SpiffeId GetRequiredSpiffeId(this HttpContext context) =>
        context.GetSpiffeId() ?? throw (context.Features.Get<RequestToken>() is null ? NoPeer(context) : NoToken());

    private static bool IsAskedElsewhere(HttpContext context) =>
        context.Features.Get<RequestToken>() is null
        && context.RequestServices?.GetService<IOptions<AuthenticationOptions>>()?.Value is { } options
        && (options.DefaultAuthenticateScheme ?? options.DefaultScheme) != Scheme
        && options.SchemeMap.ContainsKey(Scheme);

    // Done at once, unless the application forwards the scheme or its events wait for something.
    private static ClaimsPrincipal? Authenticate(HttpContext context) => context.AuthenticateAsync(Scheme).GetAwaiter().GetResult().Principal;

    private static InvalidOperationException NoPeer(HttpContext context) => new(
        context.Features.Get<ISpiffePeerFeature>() is null
            ? "This request came over a connection that does not speak SPIFFE. Call 'builder.WebHost.UseSpiffeMtls()', or 'listenOptions.UseSpiffe()' for one endpoint."
            : "Nobody was verified on the connection of this request. Add 'RequireSpiffe()' to the endpoint, so that only verified callers reach it.");

    private static InvalidOperationException NoToken() =>
        new("This request has no verified token. Add 'RequireAuthorization()' to the endpoint, so that only verified callers reach it.");
}
