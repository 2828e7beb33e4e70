using AspNetSpiffe;
using Microsoft.AspNetCore.Authorization;

var builder = WebApplication.CreateBuilder(args);

// Every https endpoint uses mutual TLS, and every caller is authenticated by its SPIFFE ID.
builder.WebHost.UseSpiffeMtls();
builder.Services.AddHealthChecks().AddSpiffe();

// In development an agent in this process issues the identities: ours, and one for each caller to test with. Elsewhere SPIFFE_ENDPOINT_SOCKET is the address of the agent.
if (builder.Environment.IsDevelopment())
{
    builder.AddSpiffeDevAgent(agent =>
    {
        agent.Directory = Path.Combine(Path.GetTempPath(), "PROJECT_NAME");
        agent.AddWorkload("service", "/service").AddWorkload("client", "/client").AddWorkload("reports", "/ns/reporting/daily");
    });
}

var app = builder.Build();
app.MapHealthChecks("/healthz");
app.MapGet("/hello", (SpiffeCaller caller) => $"Hello, {caller.Id}");
app.MapGet("/report", [Authorize(Policy = "spiffe://example.org/ns/reporting/**")] (SpiffeCaller caller) => $"For {caller.Id} only");
app.Run();
