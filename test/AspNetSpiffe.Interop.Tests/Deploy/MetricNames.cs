using System.Collections;
using System.Diagnostics.Metrics;
using System.Reflection;
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
        foreach (var definition in Definitions()) Measure(meter, definition);
        var scrape = await Scrape.UntilAsync(new Uri($"{app.Urls.Single()}/metrics"), static _ => true, patience);
        return scrape.Values.Keys.SelectMany(static series => Scrape.LabelsOf(series).Select(label => (Name: Scrape.NameOf(series), Label: label))).ToLookup(static pair => pair.Name, static pair => pair.Label);
    }

    private static IEnumerable<object> Definitions() =>
        from type in (Type[])[Find(typeof(SpiffeId), "SpiffeInstruments"), Find(typeof(SpiffeCaller), "SpiffeServerInstruments")]
        from field in type.GetFields(BindingFlags.Static | BindingFlags.Public)
        select field.GetValue(null)!;

    // Both assemblies have the definition's type, each its own.
    private static Type Find(Type neighbour, string name) => neighbour.Assembly.GetType($"AspNetSpiffe.{name}", throwOnError: true)!;

    private static void Measure(Meter meter, object definition)
    {
        var (name, unit) = (Text(definition, "Name"), Text(definition, "Unit"));
        KeyValuePair<string, object?>[] tags = [.. ((IEnumerable)definition.GetType().GetProperty("Tags")!.GetValue(definition)!).Cast<string>().Select(static tag => KeyValuePair.Create(tag, (object?)"any"))];
        switch (Text(definition, "Kind"))
        {
            case "Counter": meter.CreateCounter<long>(name, unit).Add(1, tags); break;
            case "UpDownCounter": meter.CreateUpDownCounter<long>(name, unit).Add(1, tags); break;
            case "Histogram": meter.CreateHistogram<double>(name, unit).Record(1, tags); break;
            default: meter.CreateGauge<long>(name, unit).Record(1, tags); break;
        }
    }

    private static string Text(object definition, string property) => definition.GetType().GetProperty(property)!.GetValue(definition)!.ToString()!;
}
