namespace AspNetSpiffe;

/// <summary>How long to wait before the next attempt: 0.5, 1, 2, 4 … 30 s, each up to a fifth shorter, so that a thousand workloads do not come back together.</summary>
internal sealed class RetryDelay(Random random)
{
    private static readonly TimeSpan First = TimeSpan.FromSeconds(0.5);
    private static readonly TimeSpan Most = TimeSpan.FromSeconds(30);

    private int _failures;

    public TimeSpan Next()
    {
        var full = First * (1 << Math.Min(_failures++, 6));
        return (full < Most ? full : Most) * (1 - (0.2 * random.NextDouble()));
    }

    public void Reset() => _failures = 0;
}
