using System.Diagnostics.Metrics;

namespace AspNetSpiffe.TestKit;

/// <summary>All that the meters of one factory counted; those of tests that run beside this one are left out.</summary>
public sealed class Measurements : IDisposable
{
    private readonly Lock _lock = new();
    private readonly List<Measurement> _all = [];
    private readonly MeterListener _listener = new();

    /// <summary>Begins to listen.</summary>
    public Measurements(IMeterFactory meters)
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (ReferenceEquals(instrument.Meter.Scope, meters)) listener.EnableMeasurementEvents(instrument);
        };
        _listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Add(new(instrument.Name, value, new Dictionary<string, object?>(tags.ToArray()))));
        _listener.Start();
    }

    /// <summary>Gets a copy of what one counter has counted so far.</summary>
    public IReadOnlyList<Measurement> Of(string instrument)
    {
        lock (_lock) return [.. _all.Where(m => m.Instrument == instrument)];
    }

    /// <summary>Asks one gauge for its value of now.</summary>
    public long Observe(string instrument)
    {
        _listener.RecordObservableInstruments();
        return Of(instrument)[^1].Value;
    }

    /// <inheritdoc/>
    public void Dispose() => _listener.Dispose();

    private void Add(Measurement measurement)
    {
        lock (_lock) _all.Add(measurement);
    }
}
