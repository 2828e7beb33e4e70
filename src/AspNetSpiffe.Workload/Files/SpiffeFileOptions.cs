namespace AspNetSpiffe;

/// <summary>Files with the SVID and the trust bundles of this workload, instead of a Workload API. Polled twice a second; a change is applied within two seconds, without a restart.</summary>
/// <remarks>
/// The files are validated like an agent's message: key and certificate must belong together, and the SVID must verify against the bundle. Otherwise the last valid SVID is kept, and the log
/// says why. Deleting the files does not withdraw the identity: the last SVID is used until it expires. Not thread-safe: set the values before start.
/// </remarks>
public sealed class SpiffeFileOptions
{
    /// <summary>Gets or sets the names of the files in <see cref="Directory"/>; paths that are set here override them.</summary>
    /// <value>Default: <see cref="SpiffeFileLayout.None"/>.</value>
    public SpiffeFileLayout Layout { get; set; }

    /// <summary>Gets or sets the directory of relative paths in the other settings.</summary>
    /// <value>Default: the working directory of the process.</value>
    public string? Directory { get; set; }

    /// <summary>Gets or sets the file of our certificate, PEM: the leaf, followed by its intermediates.</summary>
    public string? Certificate { get; set; }

    /// <summary>Gets or sets the file of the private key, PEM. May be the file of the certificate.</summary>
    public string? Key { get; set; }

    /// <summary>Gets or sets the file of our own trust domain's bundle: PEM, or a SPIFFE bundle document (JSON), which may also contain keys for JWT-SVIDs.</summary>
    /// <value>Default: the bundle of our trust domain in <see cref="BundleMap"/>.</value>
    public string? Bundle { get; set; }

    /// <summary>Gets the files of other trust domains' bundles, by the name of the trust domain: PEM, or SPIFFE bundle documents (JSON).</summary>
    public IDictionary<string, string> FederatedBundles { get; } = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);

    /// <summary>Gets or sets the file of a SPIFFE bundle map (SPIFFE Trust Domain and Bundle §5.1.1), with the bundles of any number of trust domains.</summary>
    public string? BundleMap { get; set; }

    internal static readonly TimeSpan DefaultInterval = TimeSpan.FromSeconds(0.5);

    // Shortened in tests.
    internal TimeSpan Interval { get; set; } = DefaultInterval;

    internal bool IsUsed => Layout != SpiffeFileLayout.None || Directory is not null || Certificate is not null || Key is not null || Bundle is not null || BundleMap is not null || FederatedBundles.Count > 0;

    // For a host without an identity that only verifies peers.
    private bool HasBundlesOnly => Layout == SpiffeFileLayout.None && Certificate is null && Key is null && Bundle is null && (BundleMap is not null || FederatedBundles.Count > 0);

    internal SvidFiles Resolve() => new()
    {
        Certificate = PathOf(Certificate, "tls.crt", "svid.pem", "credentialbundle.pem", "credential-bundle.private-key.pem"),
        Key = PathOf(Key, "tls.key", "svid_key.pem", "credentialbundle.pem", "credential-bundle.private-key.pem"),
        Bundle = PathOf(Bundle, "ca.crt", "svid_bundle.pem", null, null),
        FederatedBundles = [.. FederatedBundles.Select(entry => (TrustDomain.Parse(entry.Key), PathIn(entry.Value)))],
        BundleMap = BundleMap is null ? null : PathIn(BundleMap),
        BundleFolder = Layout == SpiffeFileLayout.SpiffeDraft ? PathIn("") : null,
        Interval = Interval,
    };

    /// <summary>Returns each validation error with the name of its property.</summary>
    internal IEnumerable<(string Property, string Mistake)> Mistakes()
    {
        if (!IsUsed) yield break;
        if (!Enum.IsDefined(Layout))
        {
            yield return (nameof(Layout), $"must be one of {string.Join(", ", Enum.GetNames<SpiffeFileLayout>())}, but is {Layout}.");
            yield break;
        }

        foreach (var (trustDomain, _) in FederatedBundles)
            if (!TrustDomain.TryParse(trustDomain, out var parsed) || parsed.Name != trustDomain)
                yield return ($"{nameof(FederatedBundles)}:{trustDomain}", "is not the name of a trust domain, such as example.org.");

        if (Layout != SpiffeFileLayout.None && Directory is null && (Certificate is null || Key is null))
            yield return (nameof(Directory), $"must be set: it is the directory of the files of {nameof(Layout)} {Layout}.");
        if (HasBundlesOnly) yield break;
        if (Layout == SpiffeFileLayout.None && Certificate is null) yield return (nameof(Certificate), $"must be set, or {nameof(Layout)} and {nameof(Directory)}.");
        if (Layout == SpiffeFileLayout.None && Key is null) yield return (nameof(Key), $"must be set, or {nameof(Layout)} and {nameof(Directory)}.");
        if (Layout is SpiffeFileLayout.None or SpiffeFileLayout.PodCertificate && Bundle is null && BundleMap is null)
            yield return (nameof(Bundle), $"must be set, or a {nameof(BundleMap)} that has our trust domain: without a bundle no peer can be verified.");
    }

    private string? PathOf(string? path, string certManager, string spiffeHelper, string? podCertificate, string? draft) => (path ?? Layout switch
    {
        SpiffeFileLayout.CertManager => certManager,
        SpiffeFileLayout.SpiffeHelper => spiffeHelper,
        SpiffeFileLayout.PodCertificate => podCertificate,
        SpiffeFileLayout.SpiffeDraft => draft,
        _ => null,
    }) is { } name ? PathIn(name) : null;

    private string PathIn(string path) => Path.GetFullPath(Path.Combine(Directory ?? "", path));
}
