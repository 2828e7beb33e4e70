namespace AspNetSpiffe;

/// <summary>What is different between the bundles of X.509 and those of JWT for whoever keeps them current.</summary>
/// <param name="Name">What they are called in the middle of a sentence.</param>
/// <param name="Tag">What a tag calls their watch.</param>
/// <param name="Danger">What somebody could do who can change them on their way.</param>
/// <param name="Watch">Asks an origin for them, and says who hears of what is found to be wrong with one later.</param>
/// <param name="Merge">Puts those of endpoints in.</param>
/// <param name="SameContent">Determines whether two sets say the same.</param>
internal sealed record BundleKind<T>(
    string Name,
    string Tag,
    string Danger,
    Func<IFeed, Action<string>, CancellationToken, IAsyncEnumerable<Update<T>>> Watch,
    Func<FederatedBundleSet, T, TrustDomain?, T> Merge,
    Func<T, T, bool> SameContent)
    where T : class;
