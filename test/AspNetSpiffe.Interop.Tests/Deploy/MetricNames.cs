using System.Diagnostics.Metrics;
using AspNetSpiffe.TestKit;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using OpenTelemetry.Metrics;

namespace AspNetSpiffe.InteropTests;

/// <summary>What the library measures, under the names that OpenTelemetry's exporter for Prometheus gives: each metric with its labels.</summary>
internal static class MetricNames
{
    /// <summary>Makes an instrument of each definition in the code, measures once with all of its tags, and reads what the exporter serves.</summary>
    public static async Task<ILookup<string, string>> ReadAsync(CancellationToken patience)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Services.AddOpenTelemetry().WithMetrics(static metrics => metrics.AddMeter(SpiffeDiagnostics.MeterName).AddPrometheusExporter());
        await using var app = builder.Build();
        app.MapPrometheusScrapingEndpoint();
        await app.StartAsync(patience);

        using var meter = new Meter(SpiffeDiagnostics.MeterName);
        foreach (var metric in DeclaredMetric.In(typeof(SpiffeId).Assembly, typeof(SpiffeCaller).Assembly)) Measure(meter, metric);
        var scrape = await Scrape.UntilAsync(new Uri($"{app.Urls.Single()}/metrics"), static _ => true, patience);
        return scrape.Values.Keys.SelectMany(static series => Scrape.LabelsOf(series).Select(label => (Name: Scrape.NameOf(series), Label: label))).ToLookup(static pair => pair.Name, static pair => pair.Label);
    }

    private static void Measure(Meter meter, DeclaredMetric metric)
    {
        KeyValuePair<string, object?>[] tags = [.. metric.Tags.Select(static tag => KeyValuePair.Create(tag, (object?)"any"))];
        switch (metric.Kind)
        {
            case "Counter": meter.CreateCounter<long>(metric.Name, metric.Unit).Add(1, tags); break;
            case "UpDownCounter": meter.CreateUpDownCounter<long>(metric.Name, metric.Unit).Add(1, tags); break;
            case "Histogram": meter.CreateHistogram<double>(metric.Name, metric.Unit).Record(1, tags); break;
            default: meter.CreateGauge<long>(metric.Name, metric.Unit).Record(1, tags); break;
        }
    }
}
