namespace AspNetSpiffe;

/// <summary>One update of a feed: a value, or an error, or neither when everything is withdrawn. An invalid update does not end the watch (Workload API §4.5).</summary>
internal sealed record Update<T>(T? Value, FormatException? Problem, IReadOnlyList<string> Remarks)
    where T : class;
