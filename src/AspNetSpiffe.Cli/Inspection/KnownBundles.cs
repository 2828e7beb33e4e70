namespace AspNetSpiffe.Cli.Inspection;

/// <summary>The bundles to verify with: from a file, from a Workload API, or none.</summary>
internal sealed record KnownBundles(X509BundleSet? X509, JwtBundleSet? Jwt)
{
    public static readonly KnownBundles None = new(null, null);

    /// <summary>Reads a bundle in PEM, a bundle document, or a bundle map.</summary>
    /// <param name="file">The file.</param>
    /// <param name="trustDomain">The trust domain of the bundle: only a bundle map contains it.</param>
    /// <exception cref="FormatException">It cannot be read.</exception>
    /// <exception cref="UsageException">The trust domain is unknown.</exception>
    public static KnownBundles Read(InspectedFile file, TrustDomain? trustDomain)
    {
        if (file.IsBundleMap)
        {
            var map = SpiffeBundleMap.Parse(file.Json);
            return new(new(map.Select(static bundle => bundle.X509)), new(map.Select(static bundle => bundle.Jwt)));
        }

        var whose = trustDomain ?? throw new UsageException($"{file.Name} does not say whose bundle it is (Trust Domain and Bundle §5.1.1): give --trust-domain.");
        if (!file.IsJson) return new(new([file.IsPem ? X509Bundle.CreateFromPem(whose, file.Text) : new(whose, file.ReadCertificates())]), null);

        var document = SpiffeBundle.Parse(whose, file.Json);
        return new(new([document.X509]), new([document.Jwt]));
    }

    public static async Task<KnownBundles> FetchAsync(WorkloadApiClient client, FileKind kind, CancellationToken cancellationToken) => kind == FileKind.Token
        ? new(null, await client.FetchJwtBundlesAsync(cancellationToken))
        : new(await client.FetchX509BundlesAsync(cancellationToken), null);
}
