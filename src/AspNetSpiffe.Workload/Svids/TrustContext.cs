namespace AspNetSpiffe;

/// <summary>The snapshot that a handshake uses: the bundles, and our SVID if there is one.</summary>
internal readonly record struct TrustContext(X509BundleSet Bundles, X509Svid? Svid)
{
    /// <summary>Gets our own trust domain; <see langword="null"/> without an SVID.</summary>
    public TrustDomain? TrustDomain => Svid?.Id.TrustDomain;

    /// <summary>Finds the bundle of our own trust domain.</summary>
    public X509Bundle? OurBundle => TrustDomain is { } ours ? Bundles.Find(ours) : null;
}
