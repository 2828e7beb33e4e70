using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;

namespace QuickStart;

/// <summary>An ordinary ASP.NET Core service with a SPIFFE identity.</summary>
internal static class OrdersService
{
    public static async Task<WebApplication> StartAsync(string workloadApi, Story story)
    {
        var builder = WebApplication.CreateBuilder();
        builder.Configuration["Spiffe:EndpointSocket"] = workloadApi;
        builder.Logging.ClearProviders().AddProvider(story.LogOf("orders"));
        builder.WebHost.UseUrls("https://127.0.0.1:0");

        // Sets up the SVID, its rotation, mutual TLS, authentication and policies.
        builder.WebHost.UseSpiffeMtls(options => options.AllowedPeers = ["spiffe://example.org/**"]);

        var app = builder.Build();
        app.MapGet("/hello", (HttpContext http) => $"Hello, {http.GetSpiffeId()}");
        app.MapGet("/serial", (HttpContext http) => http.GetRequiredSpiffePeer().Leaf.SerialNumber);
        app.MapGet("/report", [Authorize(Policy = "spiffe://example.org/ns/reporting/**")] () => "secret figures");
        await app.StartAsync();
        return app;
    }

    public static string AddressOf(WebApplication app) =>
        app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();
}
