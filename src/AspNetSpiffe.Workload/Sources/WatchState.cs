namespace AspNetSpiffe;

/// <summary>The cumulative state of a watch: a reader that misses one state loses nothing with the next.</summary>
internal sealed record WatchState<T>
    where T : class
{
    /// <summary>Gets the value of the last valid message, if there was one.</summary>
    public T? Value { get; init; }

    /// <summary>Gets whether everything was withdrawn after that.</summary>
    public bool IsDenied { get; init; }

    /// <summary>Gets the last events.</summary>
    public WatchHistory History { get; init; } = WatchHistory.Empty;

    /// <summary>Gets the error since the last valid message; <see langword="null"/> without an error.</summary>
    public Trouble? Trouble { get; init; }

    /// <summary>Gets the permanent error; no other state follows it.</summary>
    public WorkloadApiException? End { get; init; }
}

/// <summary>An error of an origin.</summary>
/// <param name="Cause">The stable identification of the error; its text may vary.</param>
/// <param name="Problem">The last error and its remedy, as text for an operator.</param>
/// <param name="Since">The time of the first error after the last valid message.</param>
internal sealed record Trouble(string Cause, string Problem, DateTimeOffset Since);
