using System.Net;

namespace AspNetSpiffe;

/// <summary>The addresses of clients that were refused when they could have resumed a session: for at least the life of a ticket, they make full handshakes.</summary>
/// <remarks>Thread-safe, and bounded: where too many are refused, the earliest are forgotten.</remarks>
internal sealed class RefusedAddresses(TimeProvider time, int capacity = 10_000)
{
    /// <summary>How long OpenSSL takes a session back.</summary>
    public static readonly TimeSpan Period = TimeSpan.FromHours(2);

    private readonly Lock _lock = new();
    private long _begin = time.GetTimestamp();

    // When the young ones are as old as a ticket lives, or half of all, they become the old ones, and those are forgotten.
    private HashSet<IPAddress> _young = [];
    private HashSet<IPAddress> _old = [];

    public bool Contains(IPAddress address)
    {
        lock (_lock)
        {
            Age();
            return _young.Contains(address) || _old.Contains(address);
        }
    }

    public void Add(IPAddress address)
    {
        lock (_lock)
        {
            Age();
            if (_young.Count >= capacity / 2) Turn(_young);
            _young.Add(address);
        }
    }

    private void Age()
    {
        // Not the time of day: a clock that is set back must not keep them for ever.
        var age = time.GetElapsedTime(_begin);
        if (age >= Period) Turn(age < 2 * Period ? _young : []);
    }

    private void Turn(HashSet<IPAddress> old) => (_begin, _young, _old) = (time.GetTimestamp(), [], old);
}
