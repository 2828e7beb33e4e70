using AspNetSpiffe;
using Microsoft.Extensions.DependencyInjection;

namespace Microsoft.AspNetCore.Builder;

/// <summary>Says who may pass from here on in the pipeline, by the certificate of the connection.</summary>
/// <remarks>
/// The same words and answers as for endpoints: <see cref="SpiffeEndpointConventionBuilderExtensions"/>. They hold for all that comes after them, and <c>AllowAnonymous()</c> does not lift them.
/// They make nobody authenticated; to a user who is, they add the peer.
/// </remarks>
public static class SpiffeApplicationBuilderExtensions
{
    /// <summary>Lets every verified peer pass.</summary>
    /// <param name="app">The pipeline.</param>
    public static IApplicationBuilder RequireSpiffe(this IApplicationBuilder app) => Guard(app, PeerRequirement.Of(SpiffeIdPattern.Any));

    /// <summary>Lets those peers pass whom a pattern means, for example <c>spiffe://example.org/ns/shop/**</c>.</summary>
    /// <param name="app">The pipeline.</param>
    /// <param name="pattern">Whom: a SPIFFE ID, one with wildcards, or several with a comma between them.</param>
    /// <exception cref="FormatException">The text is no pattern; the message names the mistake, its position and what to write instead.</exception>
    public static IApplicationBuilder RequireSpiffe(this IApplicationBuilder app, string pattern) => Guard(app, PeerRequirement.Of(pattern));

    /// <summary>Lets the workloads of one trust domain pass.</summary>
    /// <param name="app">The pipeline.</param>
    /// <param name="trustDomain">The name of the trust domain, for example <c>example.org</c>; the case of its letters does not matter.</param>
    /// <exception cref="FormatException">The text names no trust domain; the message names the mistake and its position.</exception>
    public static IApplicationBuilder RequireTrustDomain(this IApplicationBuilder app, string trustDomain) => Guard(app, PeerRequirement.OfTrustDomain(trustDomain));

    /// <summary>Lets those peers pass whose SPIFFE ID has a path that begins with whole segments: <c>/ops</c> covers <c>/ops</c> and <c>/ops/x</c>, never <c>/opsx</c>.</summary>
    /// <remarks>A federated trust domain names its workloads as it likes: add <c>RequireTrustDomain</c> unless you mean the path in all of them.</remarks>
    /// <param name="app">The pipeline.</param>
    /// <param name="prefix">Segments with their leading slash and without a trailing one. They are of the peer's SPIFFE ID, not of the request.</param>
    /// <exception cref="ArgumentException"><paramref name="prefix"/> is empty.</exception>
    /// <exception cref="FormatException">No path can begin with <paramref name="prefix"/>; the message names the character and its position.</exception>
    public static IApplicationBuilder RequirePathPrefix(this IApplicationBuilder app, string prefix) => Guard(app, PeerRequirement.OfPathPrefix(prefix));

    /// <summary>Puts the caller's SPIFFE ID on every log line of a request, as the scope value <c>SpiffeId</c>. Refuses nobody.</summary>
    /// <remarks>Call it after <c>UseAuthentication()</c>, where the application calls that itself.</remarks>
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
            throw new InvalidOperationException("Nothing in this application verifies peers. Call 'builder.WebHost.UseSpiffeMtls()', or 'builder.Services.AddSpiffeServer()'.");

        var time = app.ApplicationServices.GetRequiredService<TimeProvider>();
        return app.Use(next => new PeerMiddleware(next, requirement, time).InvokeAsync);
    }
}
