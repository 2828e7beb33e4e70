namespace AspNetSpiffe;

/// <summary>One step of a feed: what it brought, what was wrong with it, or neither when everything is withdrawn. A bad one does not end the watch (Workload API §4.5).</summary>
internal sealed record Update<T>(T? Value, FormatException? Problem, IReadOnlyList<string> Remarks)
    where T : class;
