using AspNetSpiffe;

namespace Microsoft.AspNetCore.Http;

/// <summary>Reads the SPIFFE identity of the caller from an <see cref="HttpContext"/>. Nothing here allocates.</summary>
/// <remarks>
/// The peer is who opened the connection. The caller is the peer too, unless the endpoint names the scheme <c>SpiffeJwt</c>: then it is the owner of the
/// request's token. The identity is the one that was proved; authentication, policies and the <c>Require…</c> methods also look at the clock: to them,
/// a caller whose SVID has expired is nobody.
/// </remarks>
public static class SpiffeHttpContextExtensions
{
    /// <summary>Gets the verified peer of the connection, or <see langword="null"/> when nobody was verified on it. Whatever token the request has, it is the same.</summary>
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
    /// <param name="context">The request.</param>
    public static SpiffeId? GetSpiffeId(this HttpContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        return CurrentCaller.Find(context);
    }

    /// <summary>Gets the verified peer of the connection.</summary>
    /// <param name="context">The request.</param>
    /// <exception cref="InvalidOperationException">Nobody was verified on this connection; the message names the call that is missing.</exception>
    public static SpiffePeer GetRequiredSpiffePeer(this HttpContext context) => context.GetSpiffePeer() ?? throw NoPeer(context);

    /// <summary>Gets the SPIFFE ID of the caller, the one that the policies of the endpoint mean.</summary>
    /// <param name="context">The request.</param>
    /// <exception cref="InvalidOperationException">Nobody was verified; the message names the call that is missing.</exception>
    public static SpiffeId GetRequiredSpiffeId(this HttpContext context) =>
        context.GetSpiffeId() ?? throw (CurrentCaller.IsAskedForToken(context) ? NoToken() : NoPeer(context));

    private static InvalidOperationException NoPeer(HttpContext context) => new(
        context.Features.Get<ISpiffePeerFeature>() is null
            ? "This request came over a connection that does not speak SPIFFE. Call 'builder.WebHost.UseSpiffeMtls()', or 'listenOptions.UseSpiffe()' for one endpoint."
            : "Nobody was verified on the connection of this request. Add 'RequireSpiffe()' to the endpoint, so that only verified callers reach it.");

    private static InvalidOperationException NoToken() =>
        new("This request has no verified token. Add 'RequireAuthorization()' to the endpoint, so that only verified callers reach it.");
}
