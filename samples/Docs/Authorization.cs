using System.Security.Claims;
using AspNetSpiffe;
using Microsoft.AspNetCore.Authorization;

namespace Docs;

/// <summary>docs/how-to/authorize.md</summary>
internal static class Authorization
{
    public static void MapEndpoints(WebApplication app)
    {
        // <policies>
        app.MapGet("/hello", (SpiffeCaller caller) => $"Hello, {caller.Id}");
        app.MapGet("/report", [Authorize(Policy = "spiffe://example.org/ns/reporting/**")] () => "a report");
        app.MapGet("/orders", () => "orders").RequireAuthorization("spiffe://example.org/ns/shop/**");
        app.MapGroup("/admin").RequireTrustDomain("example.org").RequirePathPrefix("/ops").MapGet("/", () => "welcome");
        // </policies>
    }

    public static void AddFallback(WebApplicationBuilder builder)
    {
        // <fallback>
        builder.Services.AddAuthorizationBuilder().SetFallbackPolicy(new AuthorizationPolicyBuilder().RequireSpiffe("spiffe:any").Build());
        // </fallback>
    }

    public static void AddOwnNamespace(WebApplicationBuilder builder)
    {
        // <assertion>
        builder.Services.AddAuthorizationBuilder().AddPolicy("OwnNamespace", policy => policy
            .RequireSpiffe("spiffe://example.org/ns/*/sa/*")
            .RequireAssertion(context => context.User.GetSpiffeId() is { } id && id.Segments[1] == "shop"));
        // </assertion>
    }
}
