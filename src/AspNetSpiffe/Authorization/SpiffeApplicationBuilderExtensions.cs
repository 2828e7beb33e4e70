using AspNetSpiffe;
using Microsoft.Extensions.DependencyInjection;

namespace Microsoft.AspNetCore.Builder;

/// <summary>Requirements on the peer certificate of the connection for the rest of the pipeline.</summary>
/// <remarks>
/// The same methods and responses as for endpoints: <see cref="SpiffeEndpointConventionBuilderExtensions"/>. They apply to all middleware after them, and <c>AllowAnonymous()</c> does not disable them.
/// They do not authenticate a user; to an authenticated user, they add the peer.
/// </remarks>
public static class SpiffeApplicationBuilderExtensions
{
    /// <summary>Requires a verified peer.</summary>
    /// <param name="app">The pipeline.</param>
    public static IApplicationBuilder RequireSpiffe(this IApplicationBuilder app) => Guard(app, PeerRequirement.Of(SpiffeIdPattern.Any));

    /// <summary>Requires a peer that matches a pattern, for example <c>spiffe://example.org/ns/shop/**</c>.</summary>
    /// <param name="app">The pipeline.</param>
    /// <param name="pattern">The allowed peers: a SPIFFE ID, one with wildcards, or several separated by commas.</param>
    /// <exception cref="FormatException">The text is not a pattern; the message names the error, its position and what to write instead.</exception>
    public static IApplicationBuilder RequireSpiffe(this IApplicationBuilder app, string pattern) => Guard(app, PeerRequirement.Of(pattern));

    /// <summary>Requires a peer of one trust domain.</summary>
    /// <param name="app">The pipeline.</param>
    /// <param name="trustDomain">The name of the trust domain, for example <c>example.org</c>; case-insensitive.</param>
    /// <exception cref="FormatException">The text is not a trust domain; the message names the error and its position.</exception>
    public static IApplicationBuilder RequireTrustDomain(this IApplicationBuilder app, string trustDomain) => Guard(app, PeerRequirement.OfTrustDomain(trustDomain));

    /// <summary>Requires a peer whose SPIFFE ID has a path that begins with whole segments: <c>/ops</c> covers <c>/ops</c> and <c>/ops/x</c>, never <c>/opsx</c>.</summary>
    /// <remarks>A federated trust domain chooses the paths of its own workloads: add <c>RequireTrustDomain</c> unless the path is allowed in all trust domains.</remarks>
    /// <param name="app">The pipeline.</param>
    /// <param name="prefix">Segments with their leading slash and without a trailing one, of the peer's SPIFFE ID, not of the request.</param>
    /// <exception cref="ArgumentException"><paramref name="prefix"/> is empty.</exception>
    /// <exception cref="FormatException">No path can begin with <paramref name="prefix"/>; the message names the character and its position.</exception>
    public static IApplicationBuilder RequirePathPrefix(this IApplicationBuilder app, string prefix) => Guard(app, PeerRequirement.OfPathPrefix(prefix));

    /// <summary>Adds the caller's SPIFFE ID to every log entry of a request, as the scope value <c>SpiffeId</c>. Rejects no request.</summary>
    /// <remarks>Call it after <c>UseAuthentication()</c>, if the application calls that itself.</remarks>
    /// <param name="app">The pipeline.</param>
    public static IApplicationBuilder LogIdentity(this IApplicationBuilder app)
    {
        ArgumentNullException.ThrowIfNull(app);
        return app.Use(static next => new CallerLogScope(next).InvokeAsync);
    }

    private static IApplicationBuilder Guard(IApplicationBuilder app, PeerRequirement requirement)
    {
        ArgumentNullException.ThrowIfNull(app);
        if (app.ApplicationServices.GetService<SpiffePolicies>() is null)
            throw new InvalidOperationException("This application does not verify peers. Call 'builder.WebHost.UseSpiffeMtls()', or 'builder.Services.AddSpiffeServer()'.");

        var time = app.ApplicationServices.GetRequiredService<TimeProvider>();
        return app.Use(next => new PeerMiddleware(next, requirement, time).InvokeAsync);
    }
}
