using System.Collections.Immutable;

namespace AspNetSpiffe;

/// <summary>The full paths of the files of an identity.</summary>
internal sealed record SvidFiles
{
    private const string DraftBundle = ".spiffe-trust-bundle.pem";

    /// <summary>Gets the certificate; <see langword="null"/> if there are bundles only.</summary>
    public string? Certificate { get; init; }

    public string? Key { get; init; }

    /// <summary>Gets the file with the bundle of our own trust domain, if it is separate.</summary>
    public string? Bundle { get; init; }

    public ImmutableArray<(TrustDomain TrustDomain, string Path)> FederatedBundles { get; init; } = [];

    public string? BundleMap { get; init; }

    /// <summary>Gets a directory of bundle files whose names contain the trust domain.</summary>
    public string? BundleFolder { get; init; }

    /// <summary>Gets the polling interval.</summary>
    public TimeSpan Interval { get; init; } = SpiffeFileOptions.DefaultInterval;

    /// <summary>Returns the current bundle files by trust domain.</summary>
    public IEnumerable<(TrustDomain TrustDomain, string Path)> FindBundles() => BundleFolder is null ? FederatedBundles : FederatedBundles.Concat(InFolder(BundleFolder));

    private static IEnumerable<(TrustDomain, string)> InFolder(string folder) => (Directory.Exists(folder) ? Directory.EnumerateFiles(folder, $"*{DraftBundle}") : []).Order(StringComparer.Ordinal)
        .Select(path => (Name: Path.GetFileName(path)[..^DraftBundle.Length], Path: path))
        .Where(file => TrustDomain.TryParse(file.Name, out var trustDomain) && trustDomain.Name == file.Name)
        .Select(file => (TrustDomain.Parse(file.Name), file.Path));
}
