namespace AspNetSpiffe;

/// <summary>All that matters of what a watch has told so far: whoever misses one state loses nothing with the next.</summary>
internal sealed record WatchState<T>
    where T : class
{
    /// <summary>Gets what the last valid message brought, if there was one.</summary>
    public T? Value { get; init; }

    /// <summary>Gets whether everything was withdrawn since.</summary>
    public bool IsDenied { get; init; }

    /// <summary>Gets what came last.</summary>
    public WatchHistory History { get; init; } = WatchHistory.Empty;

    /// <summary>Gets what went wrong since the last valid message; <see langword="null"/> when nothing did.</summary>
    public Trouble? Trouble { get; init; }

    /// <summary>Gets the answer that no retry can change; there will be no other state.</summary>
    public WorkloadApiException? End { get; init; }
}

/// <summary>What is wrong with an origin.</summary>
/// <param name="Cause">What tells one problem from another, however often the words change.</param>
/// <param name="Problem">What went wrong last and what to do about it, in words for an operator.</param>
/// <param name="Since">When the first problem after the last valid message came.</param>
internal sealed record Trouble(string Cause, string Problem, DateTimeOffset Since);
