using AspNetSpiffe;
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

        // This is all it takes: SVID, rotation, mutual TLS, authentication, policies.
        builder.WebHost.UseSpiffeMtls(options => options.AllowedPeers.Add("spiffe://example.org/**"));

        var app = builder.Build();
        app.MapGet("/hello", (HttpContext http) => $"Hello, {http.Features.Get<ISpiffePeerFeature>()!.Peer!.Id}");
        app.MapGet("/serial", (HttpContext http) => http.Features.Get<ISpiffePeerFeature>()!.Peer!.Leaf.SerialNumber);
        app.MapGet("/report", () => Results.StatusCode(403));
        await app.StartAsync();
        return app;
    }

    public static string AddressOf(WebApplication app) =>
        app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();
}
