namespace AspNetSpiffe;

/// <summary>How long to wait before the next attempt: with the defaults 0.5, 1, 2, 4 … 30 s, each up to a fifth shorter.</summary>
internal sealed class RetryDelay(RetryTimes times, Random random)
{
    private TimeSpan _next = times.Initial;

    public TimeSpan Next()
    {
        var full = _next;
        _next = full < times.Max / 2 ? full * 2 : times.Max;
        return full * (1 - (times.Jitter * random.NextDouble()));
    }

    public void Reset() => _next = times.Initial;

    /// <summary>Waits as long as it ever does: the answer will hardly be another one soon.</summary>
    public void Slow() => _next = times.Max;
}
