using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Diagnostics.Metrics;

namespace AspNetSpiffe.TestKit;

/// <summary>Collects all measurements of the meter of AspNetSpiffe in one host: counters and observable instruments.</summary>
public sealed class MeterReadings : IDisposable
{
    private readonly MeterListener _listener = new();
    private readonly ConcurrentQueue<MeterReading> _heard = new();
    private TaskCompletionSource _next = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public MeterReadings(IMeterFactory factory)
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter is { Name: SpiffeDiagnostics.MeterName } meter && ReferenceEquals(meter.Scope, factory)) listener.EnableMeasurementEvents(instrument);
        };
        _listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Hear(instrument, value, tags));
        _listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Hear(instrument, value, tags));
        _listener.Start();
    }

    /// <summary>Gets all that was heard so far.</summary>
    public IReadOnlyList<MeterReading> All => [.. _heard];

    /// <summary>Waits until an instrument has counted so much.</summary>
    public async Task WaitForAsync(string name, double sum, CancellationToken cancellationToken)
    {
        while (true)
        {
            var next = Volatile.Read(ref _next);
            if (_heard.Where(reading => reading.Name == name).Sum(static reading => reading.Value) >= sum) return;
            await next.Task.WaitAsync(cancellationToken);
        }
    }

    /// <summary>Reads the observable instruments.</summary>
    /// <returns>What an instrument says now, as 'value tag=value …'.</returns>
    public IReadOnlyList<string> Ask(string name)
    {
        var before = _heard.Count;
        _listener.RecordObservableInstruments();
        return [.. _heard.Skip(before).Where(reading => reading.Name == name).Select(static reading => reading.ToString())];
    }

    /// <summary>Gets what an instrument has counted, as 'value tag=value …': values with the same tags are added up.</summary>
    public IReadOnlyList<string> Sums(string name) =>
        [.. _heard.Where(reading => reading.Name == name).GroupBy(static reading => reading.TagText).Select(static same => $"{same.Sum(reading => reading.Value)} {same.Key}".TrimEnd()).Order(StringComparer.Ordinal)];

    public void Dispose() => _listener.Dispose();

    private void Hear(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        _heard.Enqueue(new(instrument.Name, instrument.Unit, value, [.. tags]));
        Interlocked.Exchange(ref _next, new(TaskCreationOptions.RunContinuationsAsynchronously)).SetResult();
    }
}

/// <summary>One measurement.</summary>
public sealed record MeterReading(string Name, string? Unit, double Value, ImmutableArray<KeyValuePair<string, object?>> Tags)
{
    public string TagText => string.Join(' ', Tags.OrderBy(static tag => tag.Key, StringComparer.Ordinal).Select(static tag => $"{tag.Key}={tag.Value}"));

    public override string ToString() => $"{Value} {TagText}".TrimEnd();
}
