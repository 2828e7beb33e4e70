namespace AspNetSpiffe;

/// <summary>Predefined file names of tools that write SVIDs to files.</summary>
public enum SpiffeFileLayout
{
    /// <summary>No predefined names: each file is set by its path.</summary>
    None,

    /// <summary>cert-manager's csi-driver-spiffe: <c>tls.crt</c>, <c>tls.key</c>, <c>ca.crt</c>. Also a Kubernetes secret of cert-manager.</summary>
    CertManager,

    /// <summary>spiffe-helper, with the names of its documentation: <c>svid.pem</c>, <c>svid_key.pem</c>, <c>svid_bundle.pem</c>.</summary>
    /// <remarks>Its <c>include_federated_domains</c> must be off: it merges the authorities of other trust domains into our own bundle, so each of them could impersonate workloads of our trust domain.</remarks>
    SpiffeHelper,

    /// <summary>A Kubernetes Pod Certificate: <c>credentialbundle.pem</c> with the key and the chain. The bundle, for example of a ClusterTrustBundle, is set by <see cref="SpiffeFileOptions.Bundle"/>.</summary>
    PodCertificate,

    /// <summary>
    /// The draft of a SPIFFE standard (spiffe/spiffe#376): <c>credential-bundle.private-key.pem</c>, and <c>&lt;trust domain&gt;.spiffe-trust-bundle.pem</c> for each trust domain.
    /// Experimental: the names will change with the draft.
    /// </summary>
    SpiffeDraft,
}
