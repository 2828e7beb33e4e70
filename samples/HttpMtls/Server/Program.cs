// An HTTP service over mutual TLS with a SPIFFE identity; plain HTTP only for the health probe.
using AspNetSpiffe;
using HttpMtls.Server;
using Microsoft.AspNetCore.Authorization;

Settings settings;
try
{
    settings = Settings.Read();
}
catch (Exception e) when (e is FormatException or IOException or InvalidDataException)
{
    Console.Error.WriteLine(e.InnerException is { } inner ? $"{e.Message} {inner.Message}" : e.Message);
    return 2;
}

var builder = WebApplication.CreateBuilder(args);
builder.WebHost.UseUrls(settings.HttpEnabled ? [settings.ServerUrl, settings.HealthUrl] : [settings.HealthUrl]);
builder.Services.AddSpiffe(options =>
{
    options.EndpointSocket ??= settings.AgentSocket;
    if (settings.TrustDomain is { } trustDomain) options.Identity ??= $"spiffe://{trustDomain}/**";
});
builder.WebHost.UseSpiffeMtls(options =>
{
    // Without it, every workload of our own trust domain may connect.
    if (settings.AllowedClients is { } allowed) options.AllowedPeers = allowed;
    options.RequireHttpsEndpoint = settings.HttpEnabled;
});
builder.Services.AddRequestTimeouts(options =>
{
    if (settings.Timeout is { } timeout) options.DefaultPolicy = new() { Timeout = timeout };
});

// With it, endpoints with the scheme SpiffeJwt accept tokens with this audience.
if (settings.JwtAudience is { } audience)
{
    builder.Services.AddAuthentication().AddSpiffeJwt(options =>
    {
        options.Audiences.Add(audience);

        // The allowed peers may also send tokens; without it, the members of our own trust domain.
        if (settings.AllowedClients is { } allowed) options.AllowedCallers = allowed;
    });
}

var app = builder.Build();
app.UseRequestTimeouts();

// Probes have no SVID and use the plain port. The API requires a verified caller on every port.
app.MapGet("/health", () => "healthy");

var api = app.MapGroup("/api").RequireSpiffe().LogIdentity();
api.MapGet("/hello", (SpiffeCaller caller) => $"Hello, {caller.Id}\n");
api.MapMethods("/echo", ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"], async (HttpRequest request, SpiffeCaller caller) =>
{
    using var body = new StreamReader(request.Body);
    return new Echo(request.Method, caller.Id.ToString(), await body.ReadToEndAsync());
});
api.MapGet("/identity", (HttpContext http) => Identity.Of(http.GetRequiredSpiffePeer()));

// Here the caller is the owner of the token, not the sender, which may be a gateway with its own SVID.
if (settings.JwtAudience is not null)
    app.MapGet("/jwt/hello", [Authorize(AuthenticationSchemes = "SpiffeJwt")] (HttpContext http) => $"Hello, {http.GetSpiffeId()}, over a connection of {http.GetSpiffePeer()?.Id.ToString() ?? "nobody"}\n");

app.Run();
return 0;
