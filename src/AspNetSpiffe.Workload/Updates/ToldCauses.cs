namespace AspNetSpiffe;

/// <summary>Rate limit for log events about an agent: an agent that is unavailable, or comes and goes, causes one event per cause, not one per attempt.</summary>
/// <remarks>Memory is bounded: beyond 50 causes (their texts may differ with each message), one event every ten minutes is logged.</remarks>
internal sealed class ToldCauses(TimeProvider time)
{
    private const int Most = 50;

    // An agent that worked for this long has recovered: the next problem is logged again.
    private static readonly TimeSpan GoodTime = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan Pause = TimeSpan.FromMinutes(10);

    private readonly HashSet<string> _told = new(StringComparer.Ordinal);
    private long? _goodSince;
    private long _last;

    /// <summary>Records that the agent sent a valid update.</summary>
    public void MarkGood() => _goodSince ??= time.GetTimestamp();

    /// <summary>Records a problem, and determines whether it is to be logged.</summary>
    public bool IsNews(string cause)
    {
        if (_goodSince is { } since && time.GetElapsedTime(since) >= GoodTime) _told.Clear();
        _goodSince = null;
        if (_told.Contains(cause)) return false;

        if (_told.Count < Most) _told.Add(cause);
        else if (time.GetElapsedTime(_last) < Pause) return false;

        _last = time.GetTimestamp();
        return true;
    }
}
