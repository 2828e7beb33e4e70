using System.Net;

namespace AspNetSpiffe;

/// <summary>Says which refusals stand in the log: in a minute and for one reason, the first of each address, of a few addresses.</summary>
/// <remarks>A stranger neither fills the log nor hides those who are refused for another reason, and the memory is bounded. Thread-safe.</remarks>
internal sealed class RefusalLimit(TimeProvider time)
{
    public const int MostAddresses = 10;

    public static readonly TimeSpan Period = TimeSpan.FromMinutes(1);

    private readonly Lock _lock = new();
    private readonly Dictionary<Enum, Minute> _minutes = [];

    /// <summary>Gets how many addresses are remembered.</summary>
    public int Count
    {
        get
        {
            lock (_lock) return _minutes.Values.Sum(m => m.Addresses.Count);
        }
    }

    /// <summary>Asks for one refusal.</summary>
    /// <param name="reason">Why the peer, or its token, was refused.</param>
    /// <param name="remote">Where it is; its port does not count.</param>
    /// <param name="suppressed">How many refusals for this reason were left out since the last that was not.</param>
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
        // Not the time of day: a clock that is set back must not silence the log.
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
