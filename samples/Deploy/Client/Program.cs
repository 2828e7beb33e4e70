// A client as it runs in a cluster: it calls the service over mutual TLS, and has a plain port for health and metrics only.
using AspNetSpiffe;
using Deploy.Client;
using OpenTelemetry.Metrics;

var builder = WebApplication.CreateBuilder(args);
builder.Services.AddSpiffe();
builder.Services.AddHealthChecks().AddSpiffe(tags: ["ready"]);
builder.Services.AddOpenTelemetry().WithMetrics(static metrics => metrics.AddMeter(SpiffeDiagnostics.MeterName).AddPrometheusExporter());

// Spiffe:Clients:orders:Server is the expected SPIFFE ID of the service; nothing is sent to any other server.
builder.Services.AddHttpClient("orders", client => client.BaseAddress = builder.Configuration.GetValue<Uri>("Orders:Url")).AddSpiffeFromConfiguration();
builder.Services.AddHostedService<Checkout>();

var app = builder.Build();
app.MapHealthChecks("/healthz/live", new() { Predicate = static _ => false });
app.MapHealthChecks("/healthz/ready", new() { Predicate = static check => check.Tags.Contains("ready") });
app.MapPrometheusScrapingEndpoint("/metrics");

app.Run();
