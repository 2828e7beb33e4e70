namespace AspNetSpiffe;

/// <summary>Limits on what a peer or a Workload API may send, so that neither can exhaust CPU or memory.</summary>
/// <remarks>Input over a limit is rejected as a whole. The defaults are far above what real trust domains need. Not thread-safe while it is changed: set the values before start; each consumer takes a copy.</remarks>
public sealed record SpiffeLimits
{
    internal static readonly SpiffeLimits Default = new();

    /// <summary>Gets or sets the maximum number of certificates that a peer may present: its leaf and its intermediates.</summary>
    /// <value>Default: 16. From 1 to 100.</value>
    public int MaxChainLength { get; set; } = 16;

    /// <summary>Gets or sets the maximum size of a peer's leaf, in bytes.</summary>
    /// <value>Default: 64 KiB. From 1 KiB to 1 MiB.</value>
    public int MaxLeafBytes { get; set; } = 64 * 1024;

    /// <summary>Gets or sets the maximum number of subject alternative names, of all kinds, in a peer's leaf.</summary>
    /// <value>Default: 256. From 1 to 10,000.</value>
    public int MaxNames { get; set; } = 256;

    /// <summary>Gets or sets the maximum size of a message of the Workload API, in bytes.</summary>
    /// <value>Default: 16 MiB, some ten thousand federated bundles. From 64 KiB to 256 MiB.</value>
    public int MaxMessageBytes { get; set; } = 16 * 1024 * 1024;

    /// <summary>Gets or sets the maximum number of SVIDs in a message of the Workload API.</summary>
    /// <value>Default: 100. From 1 to 10,000.</value>
    public int MaxSvids { get; set; } = 100;

    /// <summary>Gets or sets the maximum number of bundles of federated trust domains in a message of the Workload API.</summary>
    /// <value>Default: 10,000. From 1 to 1,000,000.</value>
    public int MaxBundles { get; set; } = 10_000;

    /// <summary>Returns each validation error with the name of its property.</summary>
    internal IEnumerable<(string Property, string Mistake)> Mistakes()
    {
        (string Name, int Value, int Least, int Most)[] all =
        [
            (nameof(MaxChainLength), MaxChainLength, 1, 100),
            (nameof(MaxLeafBytes), MaxLeafBytes, 1024, 1024 * 1024),
            (nameof(MaxNames), MaxNames, 1, 10_000),
            (nameof(MaxMessageBytes), MaxMessageBytes, 64 * 1024, 256 * 1024 * 1024),
            (nameof(MaxSvids), MaxSvids, 1, 10_000),
            (nameof(MaxBundles), MaxBundles, 1, 1_000_000),
        ];
        return from limit in all
               where limit.Value < limit.Least || limit.Value > limit.Most
               select (limit.Name, $"must be from {limit.Least} to {limit.Most}, but is {limit.Value}.");
    }
}
