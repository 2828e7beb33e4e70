namespace AspNetSpiffe;

/// <summary>One message of the watch of JWT bundles: the bundles, or what was wrong with it. A bad message does not end the watch (Workload API §4.5).</summary>
internal sealed record JwtUpdate(JwtBundleSet? Bundles, FormatException? Problem, IReadOnlyList<string> Remarks);
