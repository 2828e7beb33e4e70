namespace AspNetSpiffe;

/// <summary>The permitted range of a time option: never more than timers (49 days) and the calendar support.</summary>
internal readonly record struct TimeRange(TimeSpan Least, TimeSpan Most, bool OrInfinite = false)
{
    private static readonly TimeSpan Day = TimeSpan.FromDays(1);

    /// <summary>Start-up timeouts.</summary>
    public static TimeRange OfStarts { get; } = new(TimeSpan.FromMilliseconds(1), Day, OrInfinite: true);

    /// <summary>Drain timeouts for in-flight requests, on a server and on a client.</summary>
    public static TimeRange OfDrains { get; } = new(TimeSpan.Zero, Day, OrInfinite: true);

    /// <summary>Delays.</summary>
    public static TimeRange OfDelays { get; } = new(TimeSpan.Zero, Day);

    /// <summary>Describes what is wrong with a value; <see langword="null"/> if it is valid.</summary>
    public string? MistakeIn(TimeSpan value)
    {
        if ((value >= Least && value <= Most) || (OrInfinite && value == Timeout.InfiniteTimeSpan)) return null;
        return $"must be from {Least} to {Most}{(OrInfinite ? ", or -00:00:00.001 for no limit" : "")}, but is {value}.";
    }
}
