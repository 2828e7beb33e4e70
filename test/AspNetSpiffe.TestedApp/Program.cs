// An application of a user, as the tests of AspNetSpiffe.Testing test it.
using AspNetSpiffe;
using AspNetSpiffe.TestedApp;
using Microsoft.AspNetCore.Authorization;

var builder = WebApplication.CreateBuilder(args);
if (builder.Configuration["Without"] != "SPIFFE") builder.WebHost.UseSpiffeMtls();
builder.Services.AddSingleton(new Greeting("Hello"));

var app = builder.Build();
app.MapGet("/hello", (SpiffeCaller? caller, Greeting greeting) => $"{greeting.Text}, {caller?.Id.ToString() ?? "nobody"}");
app.MapGet("/checkout", [Authorize(Policy = "spiffe://example.org/ns/shop/**")] (SpiffeCaller caller) => $"Checked out by {caller}");
app.MapGet("/word", (HttpContext http) => $"{http.GetRequiredSpiffePeer().Id} {http.Connection.ClientCertificate?.Thumbprint == http.GetSpiffePeer()?.Leaf.Thumbprint} {http.Request.Scheme}").RequireTrustDomain("example.org");
app.MapGet("/moved", () => Results.Redirect("/hello"));
app.Run();
