namespace AspNetSpiffe;

/// <summary>Which problems with an agent were told: one that stays away, or comes and goes, is one event for each cause, and not one for each attempt.</summary>
/// <remarks>Its memory is bounded: beyond 50 causes, whose texts may change with each message, one is told every ten minutes.</remarks>
internal sealed class ToldCauses(TimeProvider time)
{
    private const int Most = 50;

    // An agent that was good for so long has recovered: what happens then is news again.
    private static readonly TimeSpan GoodTime = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan Pause = TimeSpan.FromMinutes(10);

    private readonly HashSet<string> _told = new(StringComparer.Ordinal);
    private long? _goodSince;
    private long _last;

    /// <summary>The agent has sent something good.</summary>
    public void MarkGood() => _goodSince ??= time.GetTimestamp();

    /// <summary>There is problem: says whether it is to be told.</summary>
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
