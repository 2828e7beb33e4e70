using System.Diagnostics.CodeAnalysis;
using AspNetSpiffe;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Microsoft.AspNetCore.Builder;

/// <summary>Shows what an operator asks of a service with a SPIFFE identity.</summary>
public static class SpiffeDiagnosticsEndpointRouteBuilderExtensions
{
    /// <summary>Shows our SVIDs, the bundles, who is connected, who was refused and what to do about it, whom we call, and who may call what: a page for people, JSON for programs.</summary>
    /// <remarks>
    /// JSON with <c>Accept: application/json</c> or <c>?format=json</c>; <c>?id=spiffe://…</c> says what an ID may call, and why not. The page is one response without script and without anything from
    /// outside. It has no key and no token, and it has names, addresses and policies that are not for everybody: outside the Development environment the endpoint must demand something by
    /// <c>RequireSpiffe("spiffe://…")</c> or <c>RequireAuthorization(…)</c>, itself or its group, and no <c>AllowAnonymous()</c> may lift it. Otherwise the start fails. A fallback policy is not
    /// enough, because it says nothing about this endpoint and may change for other reasons; where there is one, it holds in Development too.
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
            throw new InvalidOperationException("MapSpiffeDiagnostics shows a server with an identity, and this application has none: call 'builder.WebHost.UseSpiffeMtls()' or 'builder.Services.AddSpiffeServer()' before it is built.");

        var page = endpoints.MapMethods(pattern, [HttpMethods.Get, HttpMethods.Head], (RequestDelegate)DiagnosticsEndpoint.AnswerAsync).WithDisplayName("SPIFFE diagnostics");

        // Finally: after all that the application and its groups add. EndpointCheck asks for all endpoints before the server listens.
        if (!endpoints.ServiceProvider.GetRequiredService<IWebHostEnvironment>().IsDevelopment()) page.Finally(RequirePolicy);
        return page;
    }

    // Only IAuthorizeData: where it is there and UseAuthorization() is not, routing refuses the request.
    private static void RequirePolicy(EndpointBuilder endpoint)
    {
        var lifted = endpoint.Metadata.OfType<IAllowAnonymous>().Any();
        if (!lifted && endpoint.Metadata.OfType<IAuthorizeData>().Any()) return;

        throw new InvalidOperationException(
            $"The diagnostics page '{(endpoint as RouteEndpointBuilder)?.RoutePattern.RawText}' {(lifted ? "has an AllowAnonymous, which lifts all that it demands" : "demands nothing of who reads it")}, " +
            "and outside the Development environment it must: it shows names, addresses and policies. " +
            $"{(lifted ? "Remove that and say" : "Say")} who may read it: 'app.MapSpiffeDiagnostics(\"/spiffe\").RequireSpiffe(\"spiffe://example.org/ops/**\")', or '.RequireAuthorization(…)' with a policy of your own.");
    }
}
