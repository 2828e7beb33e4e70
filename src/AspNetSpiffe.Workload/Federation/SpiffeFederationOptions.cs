namespace AspNetSpiffe;

/// <summary>Where the bundle of one other trust domain is fetched, and how its endpoint proves who it is (SPIFFE Federation §5.1). Configuration: <c>Spiffe:Federation:&lt;trust domain&gt;</c>.</summary>
/// <remarks>Whoever can change these settings can make himself that trust domain: keep them as you keep code. Not safe to change while a source is made with them.</remarks>
public sealed class SpiffeFederationOptions
{
    /// <summary>Gets or sets the address of the endpoint, for example <c>https://partner.example/bundle.json</c>.</summary>
    /// <value>Required: https, without a user name; what is not ASCII is percent-encoded, and a host's name in Punycode (§5.2.1.1, §5.2.2.1).</value>
    public string? Url { get; set; }

    /// <summary>Gets or sets how the endpoint proves who it is; in configuration <c>https_web</c> or <c>https_spiffe</c>.</summary>
    /// <value>Required.</value>
    public BundleEndpointProfile? Profile { get; set; }

    /// <summary>Gets or sets the SPIFFE ID that the endpoint's X509-SVID must have, exactly (§5.2.2.2).</summary>
    /// <value>Required with <see cref="BundleEndpointProfile.HttpsSpiffe"/>, and refused with the other profile.</value>
    /// <remarks>
    /// Where it is of another trust domain than the bundle, the endpoint is verified with the newest bundle of that trust domain: from an entry of its own, or else as the source
    /// of our identity gives it.
    /// </remarks>
    public string? EndpointId { get; set; }

    /// <summary>Gets or sets the file with the bundle that verifies the endpoint before the first fetch: a SPIFFE bundle document, or CA certificates in PEM.</summary>
    /// <value>Required where <see cref="EndpointId"/> is of the trust domain whose bundle is fetched, and refused otherwise.</value>
    /// <remarks>Read at start, at most a mebibyte. It verifies the trust domain's peers too, until the first fetch. After that, the newest bundle that was fetched counts (§5.2.2.4).</remarks>
    public string? BundleFile { get; set; }

    /// <summary>Gets or sets a file of CA certificates in PEM that verify the endpoint's certificate, and no others.</summary>
    /// <value>Default: none, the CAs that this machine trusts. For <see cref="BundleEndpointProfile.HttpsWeb"/>; refused with the other profile. Read at start.</value>
    public string? RootsFile { get; set; }

    /// <summary>Gets or sets whether redirects are followed: to https only, under the same rules, and for one fetch (§5.2.1.4, §5.2.2.4).</summary>
    /// <value>Default: <see langword="true"/>, as the standard recommends. With <see langword="false"/> a redirect is a failed fetch (§7.5.1).</value>
    public bool FollowRedirects { get; set; } = true;
}
