namespace AspNetSpiffe;

/// <summary>Which troubles with an agent were told: one that stays away, or comes and goes, is one event for each cause, and not one for each attempt.</summary>
internal sealed class ToldCauses(TimeProvider time)
{
    // An agent that was good for so long has recovered: what happens then is news again.
    private static readonly TimeSpan GoodTime = TimeSpan.FromSeconds(30);

    private readonly HashSet<string> _told = new(StringComparer.Ordinal);
    private long? _goodSince;

    /// <summary>The agent has sent something good.</summary>
    public void MarkGood() => _goodSince ??= time.GetTimestamp();

    /// <summary>There is trouble: says whether it is to be told.</summary>
    public bool IsNews(string cause)
    {
        if (_goodSince is { } since && time.GetElapsedTime(since) >= GoodTime) _told.Clear();
        _goodSince = null;
        return _told.Add(cause);
    }
}
