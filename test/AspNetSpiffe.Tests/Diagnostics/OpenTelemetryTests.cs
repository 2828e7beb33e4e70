using System.Diagnostics;
using AspNetSpiffe.TestKit;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using OpenTelemetry.Metrics;
using OpenTelemetry.Trace;

namespace AspNetSpiffe.Tests.Diagnostics;

/// <summary>The lines of docs/operations.md for OpenTelemetry, with exporters that keep what they are given.</summary>
public sealed class OpenTelemetryTests(ITestOutputHelper output) : MeshTest(output)
{
    [Fact]
    public async Task Exporters_get_the_metrics_and_the_callers_ID()
    {
        var (spans, metrics) = (new Spans(), new List<Metric>());
        var builder = Builder(("urls", "https://127.0.0.1:0"));
        builder.WebHost.UseSpiffeMtls();
        // <telemetry>
        builder.Services.AddOpenTelemetry()
            .WithMetrics(metrics => metrics.AddMeter(SpiffeDiagnostics.MeterName))
            .WithTracing(tracing => tracing.AddAspNetCoreInstrumentation().AddHttpClientInstrumentation().AddSource(SpiffeDiagnostics.ActivitySourceName));
        // </telemetry>
        builder.Services.AddOpenTelemetry()
            .WithMetrics(reader => reader.AddInMemoryExporter(metrics))
            .WithTracing(tracing => tracing.SetSampler<AlwaysOnSampler>().AddInMemoryExporter(spans));
        var server = await StartAsync(builder, app => app.MapGet("/", () => "ok"));

        using var client = await ClientAsync(server);
        Assert.Equal("ok", await GetAsync(client));
        await spans.FindAsync(static span => span.Kind == ActivityKind.Server && span.GetTagItem("spiffe.client.id")?.ToString() == "spiffe://example.org/client", Timeout);
        server.Services.GetRequiredService<MeterProvider>().ForceFlush();
        Assert.Contains("spiffe.svid.not_after", metrics.Select(static metric => metric.Name));
    }
}
