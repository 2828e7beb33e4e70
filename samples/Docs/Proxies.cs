using Microsoft.AspNetCore.Authorization;

namespace Docs;

/// <summary>docs/how-to/proxies.md</summary>
internal static class Proxies
{
    public static void Accept(WebApplicationBuilder builder)
    {
        // <forwarded>
        builder.Services.AddAuthentication().AddSpiffeForwarded(options => options.TrustedProxies.Add("spiffe://example.org/ns/edge/envoy"));
        // </forwarded>
    }

    public static void MapEndpoint(WebApplication app)
    {
        // <endpoint>
        app.MapGet("/orders", [Authorize(AuthenticationSchemes = "SpiffeForwarded", Policy = "spiffe://example.org/ns/shop/**")] (HttpContext http) => $"For {http.GetSpiffeId()}");
        // </endpoint>
    }
}
