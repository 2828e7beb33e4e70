using System.Diagnostics.CodeAnalysis;
using AspNetSpiffe;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Microsoft.AspNetCore.Builder;

/// <summary>Maps the diagnostics page of a service with a SPIFFE identity.</summary>
public static class SpiffeDiagnosticsEndpointRouteBuilderExtensions
{
    /// <summary>Maps a page with our SVIDs, the bundles, connected callers, rejected peers and remedies, called servers, and the access matrix of the endpoints; also as JSON.</summary>
    /// <remarks>
    /// JSON with <c>Accept: application/json</c> or <c>?format=json</c>; <c>?id=spiffe://…</c> shows which endpoints an ID may call, and why. The page is one response without script or external
    /// content. It contains no key and no token, but names, addresses and policies that are not public: outside the Development environment the endpoint must have a requirement by
    /// <c>RequireSpiffe("spiffe://…")</c> or <c>RequireAuthorization(…)</c>, on itself or its group, and no <c>AllowAnonymous()</c>. Otherwise the start fails. A fallback policy is not
    /// enough, because it is not specific to this endpoint and may change for other reasons; if there is one, it applies in Development too.
    /// </remarks>
    /// <param name="endpoints">The endpoints of the application, whose services have <c>UseSpiffeMtls()</c> or <c>AddSpiffeServer()</c>.</param>
    /// <param name="pattern">The path.</param>
    /// <exception cref="InvalidOperationException">The services have no server with an identity.</exception>
    /// <example><code>
    /// app.MapSpiffeDiagnostics("/spiffe").RequireSpiffe("spiffe://example.org/ops/**");
    /// </code></example>
    public static IEndpointConventionBuilder MapSpiffeDiagnostics(this IEndpointRouteBuilder endpoints, [StringSyntax("Route")] string pattern = "/spiffe")
    {
        ArgumentNullException.ThrowIfNull(endpoints);
        ArgumentNullException.ThrowIfNull(pattern);
        if (endpoints.ServiceProvider.GetService<PeerConnectionRegistry>() is null)
            throw new InvalidOperationException("MapSpiffeDiagnostics requires a server with an identity: call 'builder.WebHost.UseSpiffeMtls()' or 'builder.Services.AddSpiffeServer()' before it is built.");

        var page = endpoints.MapMethods(pattern, [HttpMethods.Get, HttpMethods.Head], (RequestDelegate)DiagnosticsEndpoint.AnswerAsync).WithDisplayName("SPIFFE diagnostics");

        // Finally: after the conventions of the application and its groups. EndpointCheck reads all endpoints before the server listens.
        if (!endpoints.ServiceProvider.GetRequiredService<IWebHostEnvironment>().IsDevelopment()) page.Finally(RequirePolicy);
        return page;
    }

    // Only IAuthorizeData counts: with it, but without UseAuthorization(), routing rejects the request.
    private static void RequirePolicy(EndpointBuilder endpoint)
    {
        var lifted = endpoint.Metadata.OfType<IAllowAnonymous>().Any();
        if (!lifted && endpoint.Metadata.OfType<IAuthorizeData>().Any()) return;

        throw new InvalidOperationException(
            $"The diagnostics page '{(endpoint as RouteEndpointBuilder)?.RoutePattern.RawText}' {(lifted ? "has AllowAnonymous, which disables its authorization" : "has no authorization requirement")}, " +
            "but outside the Development environment it requires one: it shows names, addresses and policies. " +
            $"{(lifted ? "Remove it and add" : "Add")} a requirement: 'app.MapSpiffeDiagnostics(\"/spiffe\").RequireSpiffe(\"spiffe://example.org/ops/**\")', or '.RequireAuthorization(…)' with a policy of your own.");
    }
}
