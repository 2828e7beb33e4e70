using Microsoft.AspNetCore.Authorization;

namespace Docs;

/// <summary>docs/operations.md</summary>
internal static class Operations
{
    public static void AddServices(WebApplicationBuilder builder)
    {
        // <services>
        builder.WebHost.UseSpiffeMtls();
        builder.Services.AddAuthorizationBuilder().SetFallbackPolicy(new AuthorizationPolicyBuilder().RequireAuthenticatedUser().Build());
        // <checks>
        builder.Services.AddHealthChecks().AddSpiffe(tags: ["ready"]);
        // </checks>
        // </services>
    }

    public static void MapProbes(WebApplication app)
    {
        // <probes>
        app.MapHealthChecks("/healthz/live", new() { Predicate = _ => false }).AllowAnonymous();
        app.MapHealthChecks("/healthz/ready", new() { Predicate = check => check.Tags.Contains("ready") }).AllowAnonymous();
        // </probes>
    }
}
