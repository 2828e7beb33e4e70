namespace AspNetSpiffe;

/// <summary>How a bundle endpoint is authenticated (SPIFFE Federation §5.2). Never inferred from the URL, which may be the same for both; neither profile replaces the other (§7.2).</summary>
public enum BundleEndpointProfile
{
    /// <summary><c>https_web</c>: a Web PKI certificate for the host in the URL (§5.2.1).</summary>
    HttpsWeb,

    /// <summary><c>https_spiffe</c>: a valid X509-SVID with exactly the configured SPIFFE ID, whatever the host (§5.2.2).</summary>
    HttpsSpiffe,
}
