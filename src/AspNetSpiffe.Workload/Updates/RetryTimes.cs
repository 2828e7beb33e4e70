namespace AspNetSpiffe;

/// <summary>An immutable copy of <see cref="SpiffeRetryOptions"/>, and its validation.</summary>
internal readonly record struct RetryTimes(TimeSpan Initial, TimeSpan Max, double Jitter)
{
    // Below 50 ms, a retry is a tight loop.
    private static readonly TimeRange InitialDelays = new(TimeSpan.FromMilliseconds(50), TimeSpan.FromHours(1));

    public RetryTimes(SpiffeRetryOptions options) : this(options.InitialDelay, options.MaxDelay, options.Jitter)
    {
    }

    /// <summary>Returns each validation error with the name of its property.</summary>
    public static IEnumerable<(string Property, string Mistake)> MistakesIn(SpiffeRetryOptions options)
    {
        if (InitialDelays.MistakeIn(options.InitialDelay) is { } initialDelay) yield return (nameof(options.InitialDelay), initialDelay);

        if (options.MaxDelay < options.InitialDelay || options.MaxDelay > InitialDelays.Most)
            yield return (nameof(options.MaxDelay), $"must be from the initial delay ({options.InitialDelay}) to {InitialDelays.Most}, but is {options.MaxDelay}.");

        if (options.Jitter is not (>= 0 and <= 0.9))
            yield return (nameof(options.Jitter), FormattableString.Invariant($"must be from 0 to 0.9, but is {options.Jitter}."));
    }
}
