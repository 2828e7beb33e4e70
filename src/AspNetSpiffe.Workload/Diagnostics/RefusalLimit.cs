using System.Net;

namespace AspNetSpiffe;

/// <summary>Rate limit of the log for rejections: per minute and reason, the first rejection of each remote address, for a limited number of addresses.</summary>
/// <remarks>An unauthenticated peer can neither flood the log nor hide rejections for another reason, and memory is bounded. Thread-safe.</remarks>
internal sealed class RefusalLimit(TimeProvider time)
{
    public const int MostAddresses = 10;

    public static readonly TimeSpan Period = TimeSpan.FromMinutes(1);

    private readonly Lock _lock = new();
    private readonly Dictionary<Enum, Minute> _minutes = [];

    /// <summary>Gets the number of remembered addresses.</summary>
    public int Count
    {
        get
        {
            lock (_lock) return _minutes.Values.Sum(m => m.Addresses.Count);
        }
    }

    /// <summary>Determines whether a rejection may be logged.</summary>
    /// <param name="reason">Why the peer, or its token, was rejected.</param>
    /// <param name="remote">Its remote address; the port is ignored.</param>
    /// <param name="suppressed">The number of rejections for this reason that were suppressed since the last logged one.</param>
    public bool MayLog(Enum reason, EndPoint? remote, out long suppressed)
    {
        lock (_lock)
        {
            var minute = MinuteOf(reason);
            suppressed = minute.Suppressed;
            if (minute.Addresses.Count < MostAddresses && minute.Addresses.Add(AddressOf(remote)))
            {
                minute.Suppressed = 0;
                return true;
            }

            minute.Suppressed++;
            return false;
        }
    }

    private Minute MinuteOf(Enum reason)
    {
        // Monotonic time: a clock that is set back must not suppress the log.
        if (_minutes.TryGetValue(reason, out var minute) && time.GetElapsedTime(minute.Begin) < Period) return minute;
        return _minutes[reason] = new(time.GetTimestamp()) { Suppressed = minute?.Suppressed ?? 0 };
    }

    private static object AddressOf(EndPoint? remote) => remote is IPEndPoint ip ? ip.Address : remote ?? (object)"nowhere";

    private sealed class Minute(long begin)
    {
        public long Begin => begin;

        public HashSet<object> Addresses { get; } = [];

        public long Suppressed { get; set; }
    }
}
