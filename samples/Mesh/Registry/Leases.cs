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

    /// <summary>Gets a number that is another after each change.</summary>
    public uint Serial => _current.Serial;

    /// <summary>Registers endpoints, or renews their leases: all of them, or none where a name would have too many.</summary>
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

    /// <summary>Removes endpoints. One that is not registered is not an error.</summary>
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

    /// <summary>Gives what is registered under a name: nothing where there is no such name.</summary>
    public IReadOnlyList<(IPEndPoint EndPoint, DateTimeOffset Expires)> Find(string name) => LiveOf(_current.Names.GetValueOrDefault(name, None));

    /// <summary>Gives all names that have an endpoint.</summary>
    public IEnumerable<string> Names => _current.Names.Where(name => LiveOf(name.Value).Count > 0).Select(static name => name.Key);

    // Whoever reads looks at the clock: no timer comes too late.
    private List<(IPEndPoint EndPoint, DateTimeOffset Expires)> LiveOf(ImmutableDictionary<IPEndPoint, EndpointLease> endpoints) =>
        [.. endpoints.Where(endpoint => !HasEnded(endpoint.Value)).Select(static endpoint => (endpoint.Key, endpoint.Value.Expires))];

    private bool HasEnded(EndpointLease lease) => options.Time.GetElapsedTime(lease.Start) >= lease.Length;

    /// <param name="Start">By a clock that nobody sets: putting the time of day back does not prolong a lease.</param>
    /// <param name="Length">For how long it was asked.</param>
    /// <param name="Expires">When it ends by the time of day, for whoever registered.</param>
    private sealed record EndpointLease(long Start, TimeSpan Length, DateTimeOffset Expires);

    private sealed record Snapshot(uint Serial, ImmutableSortedDictionary<string, ImmutableDictionary<IPEndPoint, EndpointLease>> Names)
    {
        public Snapshot With(string name, ImmutableDictionary<IPEndPoint, EndpointLease> endpoints) =>
            new(unchecked(Serial + 1), endpoints.IsEmpty ? Names.Remove(name) : Names.SetItem(name, endpoints));
    }
}
