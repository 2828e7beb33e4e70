using System.Collections.Immutable;
using System.Diagnostics.Metrics;

namespace AspNetSpiffe;

/// <summary>The definition of a metric: the source of the instrument and of its row in <c>docs/reference/metrics.md</c>.</summary>
/// <param name="Kind">The kind of instrument.</param>
/// <param name="Name">The name, following the semantic conventions of OpenTelemetry.</param>
/// <param name="Unit">The unit, in UCUM notation.</param>
/// <param name="Description">What is measured.</param>
/// <param name="Tags">The keys of its tags; a value has some or all of them.</param>
internal sealed record MetricDefinition(MetricKind Kind, string Name, string Unit, string Description, ImmutableArray<string> Tags)
{
    public static MetricDefinition Counter(string name, string unit, string description, params ImmutableArray<string> tags) => new(MetricKind.Counter, name, unit, description, tags);

    public static MetricDefinition Histogram(string name, string unit, string description, params ImmutableArray<string> tags) => new(MetricKind.Histogram, name, unit, description, tags);

    public static MetricDefinition Gauge(string name, string unit, string description, params ImmutableArray<string> tags) => new(MetricKind.Gauge, name, unit, description, tags);

    public static MetricDefinition UpDownCounter(string name, string unit, string description, params ImmutableArray<string> tags) => new(MetricKind.UpDownCounter, name, unit, description, tags);

    public Counter<long> CreateCounter(Meter meter) => meter.CreateCounter<long>(Name, Unit, Description);

    public Histogram<double> CreateHistogram(Meter meter, params IReadOnlyList<double> boundaries) =>
        meter.CreateHistogram(Name, Unit, Description, advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = boundaries });

    /// <summary>Creates an observable instrument: its values are read when they are collected.</summary>
    public void Observe(Meter meter, Func<IEnumerable<Measurement<long>>> observe)
    {
        if (Kind == MetricKind.Gauge) meter.CreateObservableGauge(Name, observe, Unit, Description);
        else meter.CreateObservableUpDownCounter(Name, observe, Unit, Description);
    }
}

/// <summary>The kind of instrument.</summary>
internal enum MetricKind
{
    Counter,
    UpDownCounter,
    Gauge,
    Histogram,
}
