using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authorization;

namespace AspNetSpiffe.AotApp;

/// <summary>A service as its users write it.</summary>
internal static class Service
{
    public static async Task RunAsync(string[] settings)
    {
        var builder = WebApplication.CreateSlimBuilder(settings);
        builder.WebHost.UseSpiffeMtls();

        // Not AddAuthentication(): that brings data protection, which writes keys to the disk.
        new AuthenticationBuilder(builder.Services).AddSpiffeJwt(options => options.Audiences.Add("orders"));
        builder.Services.ConfigureHttpJsonOptions(options => options.SerializerOptions.TypeInfoResolverChain.Insert(0, ServiceJson.Default));

        var app = builder.Build();
        app.MapGet("/hello", (HttpContext http) => new Greeting(http.GetRequiredSpiffeId(), http.GetRequiredSpiffePeer().Leaf.SerialNumber)).RequireSpiffe();
        app.MapGet("/report", (SpiffeCaller caller) => $"For {caller.Id} only").RequireAuthorization("spiffe://example.org/cart");
        app.MapGet("/token", [Authorize(AuthenticationSchemes = "SpiffeJwt")] (HttpContext http) => $"By token: {http.GetSpiffeId()}");
        await app.RunAsync();
    }
}

/// <param name="Serial">Of the certificate by which the caller is known.</param>
internal sealed record Greeting(SpiffeId Caller, string Serial);

[JsonSerializable(typeof(Greeting))]
internal sealed partial class ServiceJson : JsonSerializerContext;
