// A service as it runs in a cluster: mutual TLS on one port; health and metrics, whose callers have no SVID, on another.
using AspNetSpiffe;
using Microsoft.AspNetCore.Authorization;
using OpenTelemetry.Metrics;

var builder = WebApplication.CreateBuilder(args);
builder.WebHost.UseSpiffeMtls();
builder.Services.AddHealthChecks().AddSpiffe(tags: ["ready"]);
builder.Services.AddOpenTelemetry().WithMetrics(static metrics => metrics.AddMeter(SpiffeDiagnostics.MeterName).AddPrometheusExporter());

// The fallback policy: endpoints without their own policy also require a verified caller.
builder.Services.AddAuthorizationBuilder().SetFallbackPolicy(new AuthorizationPolicyBuilder().RequireSpiffe("spiffe:any").Build());

var app = builder.Build();

// Live: the process responds (a restart would not bring an agent back). Ready: it has a valid SVID.
app.MapHealthChecks("/healthz/live", new() { Predicate = static _ => false }).AllowAnonymous();
app.MapHealthChecks("/healthz/ready", new() { Predicate = static check => check.Tags.Contains("ready") }).AllowAnonymous();
app.MapPrometheusScrapingEndpoint("/metrics").AllowAnonymous();

app.MapGet("/orders/{number:int}", (int number, SpiffeCaller caller) => $"Order {number}, for {caller.Id}\n");

app.Run();
