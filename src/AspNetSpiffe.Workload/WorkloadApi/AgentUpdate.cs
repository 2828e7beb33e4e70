namespace AspNetSpiffe;

/// <summary>One message of a watch: what it brought, or what was wrong with it. A bad message does not end the watch (Workload API §4.5).</summary>
internal sealed record AgentUpdate<T>(T? Value, FormatException? Problem, IReadOnlyList<string> Remarks)
    where T : class;
