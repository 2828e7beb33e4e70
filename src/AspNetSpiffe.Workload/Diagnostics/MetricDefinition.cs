using System.Collections.Immutable;
using System.Diagnostics.Metrics;

namespace AspNetSpiffe;

/// <summary>What is measured: the code makes an instrument from it, and <c>docs/reference/metrics.md</c> is written from it.</summary>
/// <param name="Kind">How it is measured.</param>
/// <param name="Name">The name, by the conventions of OpenTelemetry.</param>
/// <param name="Unit">The unit, as UCUM writes it.</param>
/// <param name="Description">What a value says.</param>
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

    /// <summary>Creates an instrument that asks when somebody collects.</summary>
    public void Observe(Meter meter, Func<IEnumerable<Measurement<long>>> observe)
    {
        if (Kind == MetricKind.Gauge) meter.CreateObservableGauge(Name, observe, Unit, Description);
        else meter.CreateObservableUpDownCounter(Name, observe, Unit, Description);
    }
}

/// <summary>How something is measured.</summary>
internal enum MetricKind
{
    Counter,
    UpDownCounter,
    Gauge,
    Histogram,
}
