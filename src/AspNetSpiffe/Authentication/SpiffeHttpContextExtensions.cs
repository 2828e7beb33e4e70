using AspNetSpiffe;

namespace Microsoft.AspNetCore.Http;

/// <summary>Reads the SPIFFE identity of the caller from an <see cref="HttpContext"/>. Nothing here allocates.</summary>
/// <remarks>
/// The identity is the one proved when the connection was opened. Authentication, policies and the <c>Require…</c> methods also look at the clock:
/// to them, a caller whose SVID has expired is nobody.
/// </remarks>
public static class SpiffeHttpContextExtensions
{
    /// <summary>Gets the verified caller, or <see langword="null"/> when nobody was verified on this connection.</summary>
    /// <param name="context">The request.</param>
    public static SpiffePeer? GetSpiffePeer(this HttpContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        return context.Features.Get<ISpiffePeerFeature>()?.Peer;
    }

    /// <summary>Gets the caller's SPIFFE ID, or <see langword="null"/> when nobody was verified on this connection.</summary>
    /// <param name="context">The request.</param>
    public static SpiffeId? GetSpiffeId(this HttpContext context) => context.GetSpiffePeer()?.Id;

    /// <summary>Gets the verified caller.</summary>
    /// <param name="context">The request.</param>
    /// <exception cref="InvalidOperationException">Nobody was verified on this connection; the message names the call that is missing.</exception>
    public static SpiffePeer GetRequiredSpiffePeer(this HttpContext context) => context.GetSpiffePeer() ?? throw new InvalidOperationException(
        context.Features.Get<ISpiffePeerFeature>() is null
            ? "This request came over a connection that does not speak SPIFFE. Call 'builder.WebHost.UseSpiffeMtls()', or 'listenOptions.UseSpiffe()' for one endpoint."
            : "Nobody was verified on the connection of this request. Add 'RequireSpiffe()' to the endpoint, so that only verified callers reach it.");

    /// <summary>Gets the caller's SPIFFE ID.</summary>
    /// <param name="context">The request.</param>
    /// <inheritdoc cref="GetRequiredSpiffePeer" path="/exception"/>
    public static SpiffeId GetRequiredSpiffeId(this HttpContext context) => context.GetRequiredSpiffePeer().Id;
}
