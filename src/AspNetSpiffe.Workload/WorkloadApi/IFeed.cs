namespace AspNetSpiffe;

/// <summary>An open way to what a source keeps current: first what is there, then each change.</summary>
internal interface IFeed : IDisposable
{
    /// <param name="remarkLater">Hears what is wrong with a bundle that is decoded when it is first needed.</param>
    /// <param name="stopping">Ends the watch.</param>
    IAsyncEnumerable<Update<X509Context>> WatchX509UpdatesAsync(Action<string>? remarkLater, CancellationToken stopping);

    /// <summary>The bundles alone, for whoever has no identity.</summary>
    /// <param name="remarkLater">Hears what is wrong with a bundle that is decoded when it is first needed.</param>
    /// <param name="stopping">Ends the watch.</param>
    IAsyncEnumerable<Update<X509BundleSet>> WatchX509BundleUpdatesAsync(Action<string>? remarkLater, CancellationToken stopping);

    /// <param name="stopping">Ends the watch.</param>
    IAsyncEnumerable<Update<JwtBundleSet>> WatchJwtUpdatesAsync(CancellationToken stopping);
}
