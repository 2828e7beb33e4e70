// An HTTP service over mutual TLS with a SPIFFE identity; plain HTTP only for the health probe.
using AspNetSpiffe;
using HttpMtls.Server;
using Microsoft.AspNetCore.Authorization;

var settings = Settings.FromEnvironment();
var builder = WebApplication.CreateBuilder(args);
builder.WebHost.UseUrls(settings.ServerUrl, settings.HealthUrl);
builder.Services.AddSpiffe(options => options.EndpointSocket ??= settings.AgentSocket);
builder.WebHost.UseSpiffeMtls(options =>
{
    // Without it, every workload of our own trust domain may connect.
    if (settings.AllowedClient is { } allowed) options.AllowedPeers = [allowed];
});

// With it, tokens that are addressed to this name count too, where an endpoint asks for them.
if (settings.JwtAudience is { } audience)
{
    builder.Services.AddAuthentication().AddSpiffeJwt(options =>
    {
        options.Audiences.Add(audience);

        // Who may connect may also send a token; without it, the members of our own trust domain.
        if (settings.AllowedClient is { } allowed) options.AllowedCallers = [allowed];
    });
}

var app = builder.Build();

// Probes have no SVID and come through the plain port. The API asks for a verified caller, whatever port it is reached through.
app.MapGet("/health", () => "healthy");

var api = app.MapGroup("/api").RequireSpiffe().LogIdentity();
api.MapGet("/hello", (SpiffeCaller caller) => $"Hello, {caller.Id}\n");
api.MapMethods("/echo", ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"], async (HttpRequest request, SpiffeCaller caller) =>
{
    using var body = new StreamReader(request.Body);
    return new Echo(request.Method, caller.Id.ToString(), await body.ReadToEndAsync());
});
api.MapGet("/identity", (HttpContext http) => Identity.Of(http.GetRequiredSpiffePeer()));

// Here the caller is the owner of the token, whoever brought it: a gateway, say, with an SVID of its own.
if (settings.JwtAudience is not null)
    app.MapGet("/jwt/hello", [Authorize(AuthenticationSchemes = "SpiffeJwt")] (HttpContext http) => $"Hello, {http.GetSpiffeId()}, over a connection of {http.GetSpiffePeer()?.Id.ToString() ?? "nobody"}\n");

app.Run();
