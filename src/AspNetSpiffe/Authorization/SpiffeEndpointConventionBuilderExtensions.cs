using AspNetSpiffe;
using Microsoft.AspNetCore.Authorization;

namespace Microsoft.AspNetCore.Builder;

/// <summary>Endpoint conventions that require a peer certificate for an endpoint or a group of endpoints.</summary>
/// <remarks>
/// For every kind of endpoint: minimal APIs, controllers, Razor pages, hubs, gRPC services. They are authorization metadata, as <c>RequireAuthorization()</c> is: evaluated by <c>UseAuthorization()</c>
/// before caches and handlers, in place of a fallback policy, and disabled by <c>AllowAnonymous()</c> (with a warning at start). They check the peer of the connection, not the user,
/// and with <c>[Authorize]</c> both must be met. Several of them must all be met. Without a verified peer the response is 401, with a peer that does not match 403, as Problem Details;
/// gRPC clients map these to Unauthenticated and PermissionDenied.
/// </remarks>
public static class SpiffeEndpointConventionBuilderExtensions
{
    /// <summary>Requires a verified peer.</summary>
    /// <param name="builder">The endpoint or group.</param>
    /// <typeparam name="TBuilder">The kind of endpoint.</typeparam>
    public static TBuilder RequireSpiffe<TBuilder>(this TBuilder builder)
        where TBuilder : IEndpointConventionBuilder => builder.RequireAuthorization(new RequireSpiffeAttribute());

    /// <summary>Requires a peer that matches a pattern, for example <c>spiffe://example.org/ns/shop/**</c>.</summary>
    /// <param name="builder">The endpoint or group.</param>
    /// <param name="pattern">The allowed peers: a SPIFFE ID, one with wildcards, or several separated by commas.</param>
    /// <typeparam name="TBuilder">The kind of endpoint.</typeparam>
    /// <exception cref="FormatException">The text is not a pattern; the message names the error, its position and what to write instead.</exception>
    public static TBuilder RequireSpiffe<TBuilder>(this TBuilder builder, string pattern)
        where TBuilder : IEndpointConventionBuilder => builder.RequireAuthorization(new RequireSpiffeAttribute(pattern));

    /// <summary>Requires a peer of one trust domain.</summary>
    /// <param name="builder">The endpoint or group.</param>
    /// <param name="trustDomain">The name of the trust domain, for example <c>example.org</c>; case-insensitive.</param>
    /// <typeparam name="TBuilder">The kind of endpoint.</typeparam>
    /// <exception cref="FormatException">The text is not a trust domain; the message names the error and its position.</exception>
    public static TBuilder RequireTrustDomain<TBuilder>(this TBuilder builder, string trustDomain)
        where TBuilder : IEndpointConventionBuilder => builder.RequireAuthorization(new AuthorizeAttribute(PeerRequirement.OfTrustDomain(trustDomain).Name));

    /// <summary>Requires a peer whose SPIFFE ID has a path that begins with whole segments: <c>/ops</c> covers <c>/ops</c> and <c>/ops/x</c>, never <c>/opsx</c>.</summary>
    /// <remarks>A federated trust domain chooses the paths of its own workloads: add <c>RequireTrustDomain</c> unless the path is allowed in all trust domains.</remarks>
    /// <param name="builder">The endpoint or group.</param>
    /// <param name="prefix">Segments with their leading slash and without a trailing one, of the peer's SPIFFE ID, not of the request.</param>
    /// <typeparam name="TBuilder">The kind of endpoint.</typeparam>
    /// <exception cref="ArgumentException"><paramref name="prefix"/> is empty.</exception>
    /// <exception cref="FormatException">No path can begin with <paramref name="prefix"/>; the message names the character and its position.</exception>
    public static TBuilder RequirePathPrefix<TBuilder>(this TBuilder builder, string prefix)
        where TBuilder : IEndpointConventionBuilder => builder.RequireAuthorization(new AuthorizeAttribute(PeerRequirement.OfPathPrefix(prefix).Name));

    /// <summary>Adds the caller's SPIFFE ID to every log entry of a request, as the scope value <c>SpiffeId</c>. Rejects no request.</summary>
    /// <param name="builder">The endpoint or group.</param>
    /// <typeparam name="TBuilder">The kind of endpoint.</typeparam>
    public static TBuilder LogIdentity<TBuilder>(this TBuilder builder)
        where TBuilder : IEndpointConventionBuilder
    {
        ArgumentNullException.ThrowIfNull(builder);

        // Wraps the request delegate, because endpoint filters are for route handlers only. Add instead of Finally, which gRPC's builder does not have.
        builder.Add(static endpoint =>
        {
            var next = endpoint.RequestDelegate ?? throw new InvalidOperationException(
                $"The endpoint '{endpoint.DisplayName}' is not available yet when its conventions run. Call 'LogIdentity()' on the application instead of the endpoint.");
            endpoint.RequestDelegate = new CallerLogScope(next).InvokeAsync;
        });
        return builder;
    }
}
