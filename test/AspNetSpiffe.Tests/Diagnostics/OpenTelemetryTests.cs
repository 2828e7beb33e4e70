using System.Diagnostics;
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
        var (spans, measured) = (new Spans(), new List<Metric>());
        var builder = Builder(("urls", "https://127.0.0.1:0"));
        builder.WebHost.UseSpiffeMtls();

        // <telemetry>
        builder.Services.AddOpenTelemetry()
            .WithMetrics(metrics => metrics.AddMeter(SpiffeDiagnostics.MeterName))
            .WithTracing(tracing => tracing.AddAspNetCoreInstrumentation().AddHttpClientInstrumentation().AddSource(SpiffeDiagnostics.ActivitySourceName));
        // </telemetry>
        builder.Services.AddOpenTelemetry()
            .WithMetrics(reader => reader.AddInMemoryExporter(measured))
            .WithTracing(tracing => tracing.SetSampler<AlwaysOnSampler>().AddInMemoryExporter(spans));
        var server = await StartAsync(builder);

        using var client = await ClientAsync(server);
        using var trace = new Activity("test").Start();
        var caller = await GetAsync(client);
        var span = await spans.FindAsync(each => each.Kind == ActivityKind.Server && each.TraceId == trace.TraceId, Timeout);
        Assert.Equal("spiffe://example.org/client", caller);
        Assert.Equal(caller, span.GetTagItem("spiffe.client.id"));
        server.Services.GetRequiredService<MeterProvider>().ForceFlush();
        Assert.Contains("spiffe.svid.not_after", measured.Select(static metric => metric.Name));
    }
}
