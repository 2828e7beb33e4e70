namespace AspNetSpiffe;

/// <summary>Parses the SPIFFE ID of a workload.</summary>
internal static class WorkloadId
{
    /// <exception cref="FormatException">The text is not a SPIFFE ID, or only that of a trust domain.</exception>
    public static SpiffeId Parse(string text)
    {
        var id = SpiffeId.Parse(text);
        return id.Path.Length > 0 ? id : throw new FormatException($"'{id}' is the ID of a trust domain, but callers are workloads, whose IDs have a path, as in '{id}/ns/shop/cart'.");
    }
}
