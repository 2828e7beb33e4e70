using System.Collections.Immutable;
using System.Net;

namespace Mesh.Names;

/// <summary>The endpoints of all names, each until its lease ends. Readers take one immutable snapshot.</summary>
internal sealed class Leases(RegistryOptions options, ILogger<Leases> logger)
{
    public const int MaxEndpoints = 16;

    private static readonly ImmutableDictionary<IPEndPoint, EndpointLease> None = ImmutableDictionary<IPEndPoint, EndpointLease>.Empty;

    private readonly Lock _writing = new();
    private volatile Snapshot _current = new(1, ImmutableSortedDictionary.Create<string, ImmutableDictionary<IPEndPoint, EndpointLease>>(StringComparer.Ordinal));

    /// <summary>Gets a number that changes with each update.</summary>
    public uint Serial => _current.Serial;

    /// <summary>Registers endpoints, or renews their leases: all of them, or none if a name would have too many.</summary>
    public bool TrySet(string name, IReadOnlyCollection<IPEndPoint> endpoints, TimeSpan length, out DateTimeOffset expires)
    {
        var lease = new EndpointLease(options.Time.GetTimestamp(), length, options.Time.GetUtcNow() + length);
        expires = lease.Expires;
        lock (_writing)
        {
            RemoveEnded();
            var before = _current.Names.GetValueOrDefault(name, None);
            var after = before.SetItems(endpoints.Select(endpoint => KeyValuePair.Create(endpoint, lease)));
            if (after.Count > MaxEndpoints) return false;

            _current = _current.With(name, after);
            foreach (var endpoint in endpoints.Where(endpoint => !before.ContainsKey(endpoint))) logger.LogInformation("{Name} is at {Endpoint}", name, endpoint);
            return true;
        }
    }

    /// <summary>Removes endpoints; unregistered ones are ignored.</summary>
    public void Remove(string name, IReadOnlyCollection<IPEndPoint> endpoints)
    {
        lock (_writing)
        {
            RemoveEnded();
            if (!_current.Names.TryGetValue(name, out var before)) return;
            foreach (var endpoint in endpoints.Where(before.ContainsKey)) logger.LogInformation("{Name} is no longer at {Endpoint}", name, endpoint);
            _current = _current.With(name, before.RemoveRange(endpoints));
        }
    }

    /// <summary>Removes the endpoints whose lease has ended.</summary>
    public void RemoveEnded()
    {
        lock (_writing)
        {
            foreach (var (name, endpoints) in _current.Names)
            {
                IPEndPoint[] ended = [.. endpoints.Where(endpoint => HasEnded(endpoint.Value)).Select(static endpoint => endpoint.Key)];
                if (ended.Length == 0) continue;
                _current = _current.With(name, endpoints.RemoveRange(ended));
                foreach (var endpoint in ended) logger.LogInformation("The lease of {Name} at {Endpoint} has ended", name, endpoint);
            }
        }
    }

    /// <summary>Returns the endpoints of a name; empty if the name does not exist.</summary>
    public IReadOnlyList<(IPEndPoint EndPoint, DateTimeOffset Expires)> Find(string name) => LiveOf(_current.Names.GetValueOrDefault(name, None));

    /// <summary>Returns all names that have an endpoint.</summary>
    public IEnumerable<string> Names => _current.Names.Where(name => LiveOf(name.Value).Count > 0).Select(static name => name.Key);

    // Readers check the time themselves, so a late timer has no effect.
    private List<(IPEndPoint EndPoint, DateTimeOffset Expires)> LiveOf(ImmutableDictionary<IPEndPoint, EndpointLease> endpoints) =>
        [.. endpoints.Where(endpoint => !HasEnded(endpoint.Value)).Select(static endpoint => (endpoint.Key, endpoint.Value.Expires))];

    private bool HasEnded(EndpointLease lease) => options.Time.GetElapsedTime(lease.Start) >= lease.Length;

    /// <param name="Start">A monotonic timestamp: changing the clock does not prolong a lease.</param>
    /// <param name="Length">The requested length.</param>
    /// <param name="Expires">The end in wall-clock time, for the response to the registration.</param>
    private sealed record EndpointLease(long Start, TimeSpan Length, DateTimeOffset Expires);

    private sealed record Snapshot(uint Serial, ImmutableSortedDictionary<string, ImmutableDictionary<IPEndPoint, EndpointLease>> Names)
    {
        public Snapshot With(string name, ImmutableDictionary<IPEndPoint, EndpointLease> endpoints) =>
            new(unchecked(Serial + 1), endpoints.IsEmpty ? Names.Remove(name) : Names.SetItem(name, endpoints));
    }
}
