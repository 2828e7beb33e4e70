// A service that authenticates its callers. It does not depend on Aspire.
using Microsoft.AspNetCore.Authorization;

var builder = WebApplication.CreateBuilder(args);
builder.WebHost.UseSpiffeMtls();

var app = builder.Build();
app.MapGet("/orders", [Authorize(Policy = "spiffe://example.org/shop")] (HttpContext http) => $"The orders, for {http.GetSpiffeId()}");
app.Run();
