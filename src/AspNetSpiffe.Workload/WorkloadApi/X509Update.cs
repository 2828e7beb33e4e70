namespace AspNetSpiffe;

/// <summary>One message of the watch: a context, or what was wrong with it. A bad message does not end the watch (Workload API §4.5).</summary>
internal sealed record X509Update(X509Context? Context, FormatException? Problem, IReadOnlyList<string> Remarks);
