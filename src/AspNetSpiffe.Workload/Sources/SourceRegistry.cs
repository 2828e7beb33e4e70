using System.Collections.Concurrent;
using System.Diagnostics.Metrics;

namespace AspNetSpiffe;

/// <summary>The sources of one host, and what stands on them, for those who look at them: gauges, health checks and diagnostics. Thread-safe.</summary>
internal sealed class SourceRegistry : IDisposable
{
    private readonly ConcurrentDictionary<object, byte> _sources = new();
    private readonly ConcurrentDictionary<object, Func<SpiffeClientStatus>> _clients = new();

    /// <param name="factory">Makes the meter; without one, we do.</param>
    public SourceRegistry(IMeterFactory? factory)
    {
        Meter = factory?.Create(SpiffeDiagnostics.MeterName) ?? new Meter(SpiffeDiagnostics.MeterName);
        SourceGauges.Register(Meter, this);
    }

    /// <summary>Gets the meter of the host.</summary>
    public Meter Meter { get; }

    /// <summary>Gets the peers that handshakes rejected.</summary>
    public RefusalHistory Refusals { get; } = new();

    /// <summary>Gets what the clients of the sources are doing now.</summary>
    public IEnumerable<SpiffeClientStatus> Clients => _clients.Values.Select(static look => look());

    public void AddClient(object client, Func<SpiffeClientStatus> look) => _clients.TryAdd(client, look);

    public void RemoveClient(object client) => _clients.TryRemove(client, out _);

    public void Add(object source) => _sources.TryAdd(source, 0);

    public void Remove(object source) => _sources.TryRemove(source, out _);

    public IEnumerable<T> All<T>() => _sources.Keys.OfType<T>();

    // The meter of a factory is the factory's to dispose, and says nothing when others try.
    public void Dispose() => Meter.Dispose();
}
