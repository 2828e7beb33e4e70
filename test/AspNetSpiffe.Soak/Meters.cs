using System.Collections.Concurrent;
using System.Diagnostics.Metrics;

namespace AspNetSpiffe.Soak;

/// <summary>What the library itself counts, by reason: it shows that the refused were refused for what they are.</summary>
internal sealed class Meters : IDisposable
{
    private readonly MeterListener _listener = new();
    private readonly ConcurrentDictionary<string, long> _sums = new();

    public Meters()
    {
        _listener.InstrumentPublished = static (instrument, listener) =>
        {
            if (instrument is Counter<long> && instrument.Meter.Name == "AspNetSpiffe") listener.EnableMeasurementEvents(instrument);
        };
        _listener.SetMeasurementEventCallback<long>(Count);
        _listener.Start();
    }

    public IEnumerable<(string What, long Sum)> Sums => _sums.OrderBy(static s => s.Key, StringComparer.Ordinal).Select(static s => (s.Key, s.Value));

    public void Dispose() => _listener.Dispose();

    private void Count(Instrument instrument, long value, ReadOnlySpan<KeyValuePair<string, object?>> tags, object? state)
    {
        var what = instrument.Name;
        foreach (var (name, tag) in tags)
            if (name is "spiffe.peer.role" or "error.type")
                what += $" {tag}";
        _sums.AddOrUpdate(what, value, (_, sum) => sum + value);
    }
}
