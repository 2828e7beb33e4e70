using System.Net;

namespace AspNetSpiffe;

/// <summary>The addresses of clients that were rejected when they could have resumed a session: for as long as a ticket lives, they make full handshakes.</summary>
/// <remarks>Thread-safe, and bounded: where too many are rejected, the earliest are dropped.</remarks>
internal sealed class RefusedAddresses(TimeProvider time, int capacity = 10_000)
{
    /// <summary>How long OpenSSL accepts a ticket, and a little more: it counts whole seconds.</summary>
    public static readonly TimeSpan Period = TimeSpan.FromMinutes(121);

    // By timestamps, not the time of day: a clock that is set back must not keep them for ever.
    private readonly BoundedCache<IPAddress, long> _refused = new(capacity);

    public bool Contains(IPAddress address) => _refused.TryGet(address, out var since) && time.GetElapsedTime(since) <= Period;

    public void Add(IPAddress address) => _refused.Set(address, time.GetTimestamp());
}
