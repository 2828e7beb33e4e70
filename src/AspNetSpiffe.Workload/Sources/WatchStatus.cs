namespace AspNetSpiffe;

/// <summary>The status of a source's watch for diagnostics and metrics. Reading takes no lock; only one thread at a time updates it.</summary>
/// <param name="watch">The watched data, as the value of a tag.</param>
/// <param name="origin">The origin.</param>
/// <param name="metrics">Counts each event.</param>
/// <param name="notifications">The queue for calls of span listeners.</param>
internal sealed class WatchStatus(string watch, Origin origin, SpiffeMetrics metrics, NotificationQueue notifications)
{
    private volatile WatchHistory _history = WatchHistory.Empty;
    private long? _seen;

    public string Watch => watch;

    public Origin Origin => origin;

    public WatchHistory History => _history;

    /// <summary>Records the new events of a history.</summary>
    /// <param name="told">The history of the watch.</param>
    /// <param name="missing">Why this source cannot use the newest update, which may be valid for others.</param>
    public void Take(WatchHistory told, string? missing = null)
    {
        // Of a stream that other sources opened before, only the newest event concerns this source.
        var seen = _seen ?? (told.Last?.Number - 1 ?? 0);
        foreach (var news in told.Events.Where(e => e.Number > seen))
        {
            var ours = news with { Times = (int)Math.Min(news.Times, news.Number - seen) };
            if (missing is not null && news == told.Last && news.Error is null) ours = ours with { Error = "svid_not_usable", Problem = missing };
            _history = _history.Add(ours);
            metrics.Count(ours, watch, origin.Kind);
            SpiffeActivities.Record(
                notifications.Post, ours.IsUpdate ? "spiffe.update" : "spiffe.connect", ours.At, origin.Time.GetUtcNow(), ours.Error, new(Tag.WatchKind, watch), new(Tag.WatchOrigin, origin.Kind));
            seen = news.Number;
        }

        _seen = seen;
    }
}
