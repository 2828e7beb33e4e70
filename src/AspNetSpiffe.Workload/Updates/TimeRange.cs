namespace AspNetSpiffe;

/// <summary>The values that a time among the options may have: never more than timers (49 days) and the calendar can hold.</summary>
internal readonly record struct TimeRange(TimeSpan Least, TimeSpan Most, bool OrInfinite = false)
{
    private static readonly TimeSpan Day = TimeSpan.FromDays(1);

    /// <summary>How long a start may wait.</summary>
    public static TimeRange OfStarts { get; } = new(TimeSpan.FromMilliseconds(1), Day, OrInfinite: true);

    /// <summary>How long in-flight requests may have, on a server and on a client.</summary>
    public static TimeRange OfDrains { get; } = new(TimeSpan.Zero, Day, OrInfinite: true);

    /// <summary>How long something may be put off.</summary>
    public static TimeRange OfDelays { get; } = new(TimeSpan.Zero, Day);

    /// <summary>Says what is wrong with a value, or nothing.</summary>
    public string? MistakeIn(TimeSpan value)
    {
        if ((value >= Least && value <= Most) || (OrInfinite && value == Timeout.InfiniteTimeSpan)) return null;
        return $"must be from {Least} to {Most}{(OrInfinite ? ", or -00:00:00.001 for no limit" : "")}, but is {value}.";
    }
}
