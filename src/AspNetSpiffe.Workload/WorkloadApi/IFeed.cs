namespace AspNetSpiffe;

/// <summary>The input of a source: streams that start with the current value and continue with each change.</summary>
internal interface IFeed : IDisposable
{
    /// <param name="remarkLater">Receives an error in a bundle that is decoded on first use.</param>
    /// <param name="stopping">Ends the watch.</param>
    IAsyncEnumerable<Update<X509Context>> WatchX509UpdatesAsync(Action<string>? remarkLater, CancellationToken stopping);

    /// <summary>Watches the bundles only, for a workload without an identity.</summary>
    /// <param name="remarkLater">Receives an error in a bundle that is decoded on first use.</param>
    /// <param name="stopping">Ends the watch.</param>
    IAsyncEnumerable<Update<X509BundleSet>> WatchX509BundleUpdatesAsync(Action<string>? remarkLater, CancellationToken stopping);

    /// <param name="stopping">Ends the watch.</param>
    IAsyncEnumerable<Update<JwtBundleSet>> WatchJwtUpdatesAsync(CancellationToken stopping);
}
