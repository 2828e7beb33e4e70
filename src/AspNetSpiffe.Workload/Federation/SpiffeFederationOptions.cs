namespace AspNetSpiffe;

/// <summary>The bundle endpoint of another trust domain, and how it is authenticated (SPIFFE Federation §5.1). Configuration: <c>Spiffe:Federation:&lt;trust domain&gt;</c>.</summary>
/// <remarks>Anyone who can change these settings can impersonate that trust domain: protect them like code. Not thread-safe: set the values before a source is created with them.</remarks>
public sealed class SpiffeFederationOptions
{
    /// <summary>Gets or sets the URL of the endpoint, for example <c>https://partner.example/bundle.json</c>.</summary>
    /// <value>Required: https, without a user name; non-ASCII characters percent-encoded, and host names in Punycode (§5.2.1.1, §5.2.2.1).</value>
    public string? Url { get; set; }

    /// <summary>Gets or sets how the endpoint is authenticated; in configuration <c>https_web</c> or <c>https_spiffe</c>.</summary>
    /// <value>Required.</value>
    public BundleEndpointProfile? Profile { get; set; }

    /// <summary>Gets or sets the SPIFFE ID that the endpoint's X509-SVID must have, exactly (§5.2.2.2).</summary>
    /// <value>Required with <see cref="BundleEndpointProfile.HttpsSpiffe"/>, and rejected with the other profile.</value>
    /// <remarks>
    /// If it belongs to another trust domain than the bundle, the endpoint is verified with the newest bundle of that trust domain: from its own entry, or else from the source
    /// of our identity.
    /// </remarks>
    public string? EndpointId { get; set; }

    /// <summary>Gets or sets the file with the bundle that verifies the endpoint before the first fetch: a SPIFFE bundle document, or CA certificates in PEM.</summary>
    /// <value>Required if <see cref="EndpointId"/> is in the trust domain whose bundle is fetched, and rejected otherwise.</value>
    /// <remarks>Read at start, at most 1 MiB. It verifies the trust domain's peers too, until the first fetch. After that, the newest fetched bundle is used (§5.2.2.4).</remarks>
    public string? BundleFile { get; set; }

    /// <summary>Gets or sets a file of CA certificates in PEM that verify the endpoint's certificate, and no others.</summary>
    /// <value>Default: none, the CAs that this machine trusts. For <see cref="BundleEndpointProfile.HttpsWeb"/>; rejected with the other profile. Read at start.</value>
    public string? RootsFile { get; set; }

    /// <summary>Gets or sets whether redirects are followed: to https only, under the same rules, and for one fetch (§5.2.1.4, §5.2.2.4).</summary>
    /// <value>Default: <see langword="true"/>, as the standard recommends. With <see langword="false"/> a redirect is a failed fetch (§7.5.1).</value>
    public bool FollowRedirects { get; set; } = true;
}
