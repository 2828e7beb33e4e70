namespace AspNetSpiffe;

/// <summary>Exponential backoff with jitter: by default 0.5, 1, 2, 4 … 30 s, each up to a fifth shorter.</summary>
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

    /// <summary>Uses the maximum delay for the next attempt, for errors that are unlikely to go away soon.</summary>
    public void Slow() => _next = times.Max;
}
