// An application whose OpenAPI document contains how callers authenticate, and which callers each endpoint allows.
using AspNetSpiffe;
using Microsoft.AspNetCore.Authorization;
using OpenApi;

var builder = WebApplication.CreateBuilder(args);
builder.WebHost.UseUrls(Environment.GetEnvironmentVariable("SERVER_URL") ?? "https://localhost:8443");
builder.WebHost.UseSpiffeMtls();
builder.Services.AddAuthentication().AddSpiffeJwt(options => options.Audiences.Add("https://orders.example.org"));

// <document>
builder.Services.AddOpenApi(options => options.AddDocumentTransformer<SpiffeSecurity>().AddOperationTransformer<SpiffeSecurity>());
// </document>

var app = builder.Build();
app.MapOpenApi();
app.MapGet("/hello", (SpiffeCaller caller) => $"Hello, {caller.Id}").RequireAuthorization();
app.MapGet("/reports", (SpiffeCaller caller) => $"For {caller.Id}").RequireSpiffe("spiffe://example.org/ns/reporting/**");
app.MapGet("/orders", [Authorize(Policy = "spiffe://example.org/client", AuthenticationSchemes = "SpiffeJwt")] (SpiffeCaller caller) => $"Of {caller.Id}");
app.Run();
