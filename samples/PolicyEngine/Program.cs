// A service with a policy engine in a separate process: the service authenticates the caller, the engine authorizes it.
using Microsoft.AspNetCore.Authorization;
using PolicyEngine;

var builder = WebApplication.CreateBuilder(args);
builder.WebHost.UseSpiffeMtls();

// The engine decides on access, so it must be authenticated too.
builder.Services.AddHttpClient<PolicyEngineClient>(client =>
{
    client.BaseAddress = new Uri(builder.Configuration["PolicyEngine:Address"] ?? "https://localhost:8181");
    client.Timeout = TimeSpan.FromSeconds(2);
}).AddSpiffeMtls("spiffe://example.org/policy");
builder.Services.AddTransient<IAuthorizationHandler, EngineDecisionHandler>();
builder.Services.AddAuthorizationBuilder().SetFallbackPolicy(new AuthorizationPolicyBuilder().RequireAuthenticatedUser().AddRequirements(new EngineDecision()).Build());

var app = builder.Build();
app.MapGet("/orders", (HttpContext http) => $"The orders, for {http.GetSpiffeId()}\n");
app.MapPost("/orders", (HttpContext http) => $"Ordered by {http.GetSpiffeId()}\n");
app.Run();
