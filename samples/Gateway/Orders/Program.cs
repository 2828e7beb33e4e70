// A service behind the gateway. Only the gateway may connect; the caller is the owner of the certificate that it forwards.
using AspNetSpiffe;
using Microsoft.AspNetCore.Authorization;

const string gateway = "spiffe://example.org/gateway";

var builder = WebApplication.CreateBuilder(args);
builder.WebHost.UseUrls(Environment.GetEnvironmentVariable("SERVER_URL") ?? "https://localhost:9444");
builder.WebHost.UseSpiffeMtls(options => options.AllowedPeers = [gateway]);
builder.Services.AddAuthentication().AddSpiffeForwarded(options => options.TrustedProxies.Add(gateway));

var app = builder.Build();
app.MapGet(
    "/orders/{number}",
    [Authorize(AuthenticationSchemes = "SpiffeForwarded", Policy = "spiffe://example.org/client")] (int number, SpiffeCaller caller, HttpContext http) =>
        $"Order {number} for {caller.Id}, by {http.GetSpiffePeer()}\n");
app.Run();
