// An HTTP service over mutual TLS with a SPIFFE identity; plain HTTP only for the health probe.
using AspNetSpiffe;
using HttpMtls.Server;

var settings = Settings.FromEnvironment();
var builder = WebApplication.CreateBuilder(args);
builder.WebHost.UseUrls(settings.ServerUrl, settings.HealthUrl);
builder.Services.AddSpiffe(options => options.EndpointSocket ??= settings.AgentSocket);
builder.WebHost.UseSpiffeMtls(options =>
{
    // Without it, every workload of our own trust domain may connect.
    if (settings.AllowedClient is { } allowed) options.AllowedPeers.Add(allowed);
});

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
api.MapGet("/identity", (SpiffeCaller caller) => Identity.Of(caller.Peer));

app.Run();
