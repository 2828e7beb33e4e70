// A service whose authorization is decided by a policy engine of its own process: who calls is verified here, what a caller may do is asked there.
using Microsoft.AspNetCore.Authorization;
using PolicyEngine;

var builder = WebApplication.CreateBuilder(args);
builder.WebHost.UseSpiffeMtls();

// The engine says who gets in, so it has to prove who it is like everybody else.
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
