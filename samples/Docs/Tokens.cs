using AspNetSpiffe;
using Microsoft.AspNetCore.Authorization;

namespace Docs;

/// <summary>docs/how-to/tokens.md</summary>
internal static class Tokens
{
    public static void Accept(WebApplicationBuilder builder)
    {
        // <accept>
        builder.Services.AddAuthentication().AddSpiffeJwt(options => options.Audiences.Add("https://orders.example.org"));
        // </accept>
    }

    public static void MapEndpoint(WebApplication app)
    {
        // <endpoint>
        app.MapGet("/report", [Authorize(AuthenticationSchemes = "SpiffeJwt", Policy = "spiffe://example.org/ns/reporting/**")] (HttpContext http) => $"For {http.GetSpiffeId()}");
        // </endpoint>
    }

    public static void Send(WebApplicationBuilder builder)
    {
        // <send>
        builder.Services.AddHttpClient("payments", client => client.BaseAddress = new Uri("https://payments.example.com")).AddSpiffeJwt("payments");
        builder.Services.AddHttpClient("orders").AddSpiffeMtls("spiffe://example.org/orders").AddSpiffeJwt("spiffe://example.org/orders");
        // </send>
    }

    public static async Task<string> GetAsync(string audience)
    {
        // <source>
        await using var tokens = new JwtSource(new SpiffeOptions());
        JwtSvid svid = await tokens.GetAsync(audience);
        // </source>
        return svid.Token;
    }
}
