using System.Collections.Concurrent;
using System.Diagnostics.Metrics;

namespace AspNetSpiffe;

/// <summary>The sources of one host and their clients, for gauges, health checks and diagnostics. Thread-safe.</summary>
internal sealed class SourceRegistry : IDisposable
{
    private readonly ConcurrentDictionary<object, byte> _sources = new();
    private readonly ConcurrentDictionary<object, Func<SpiffeClientStatus>> _clients = new();

    /// <param name="factory">The factory of the meter; without one, the meter is created here.</param>
    public SourceRegistry(IMeterFactory? factory)
    {
        Meter = factory?.Create(SpiffeDiagnostics.MeterName) ?? new Meter(SpiffeDiagnostics.MeterName);
        SourceGauges.Register(Meter, this);
    }

    /// <summary>Gets the meter of the host.</summary>
    public Meter Meter { get; }

    /// <summary>Gets the peers that handshakes rejected.</summary>
    public RefusalHistory Refusals { get; } = new();

    /// <summary>Gets the current status of the clients of the sources.</summary>
    public IEnumerable<SpiffeClientStatus> Clients => _clients.Values.Select(static look => look());

    public void AddClient(object client, Func<SpiffeClientStatus> look) => _clients.TryAdd(client, look);

    public void RemoveClient(object client) => _clients.TryRemove(client, out _);

    public void Add(object source) => _sources.TryAdd(source, 0);

    public void Remove(object source) => _sources.TryRemove(source, out _);

    public IEnumerable<T> All<T>() => _sources.Keys.OfType<T>();

    // A meter of a factory is disposed by the factory; disposing it here has no effect.
    public void Dispose() => Meter.Dispose();
}
