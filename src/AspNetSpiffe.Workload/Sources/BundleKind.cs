namespace AspNetSpiffe;

/// <summary>The differences between watches of X.509 bundles and of JWT bundles.</summary>
/// <param name="Name">The name of the bundles in messages.</param>
/// <param name="Tag">The value of the tag of the watch.</param>
/// <param name="Danger">The consequence when an attacker in the network path can change them, for a message.</param>
/// <param name="Watch">Opens the stream of an origin; takes a receiver of errors that are found when a bundle is decoded later.</param>
/// <param name="Merge">Merges the bundles of endpoints.</param>
/// <param name="SameContent">Determines whether two sets have the same content.</param>
internal sealed record BundleKind<T>(
    string Name,
    string Tag,
    string Danger,
    Func<IFeed, Action<string>, CancellationToken, IAsyncEnumerable<Update<T>>> Watch,
    Func<FederatedBundleSet, T, TrustDomain?, T> Merge,
    Func<T, T, bool> SameContent)
    where T : class;
