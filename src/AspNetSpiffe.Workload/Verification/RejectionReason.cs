namespace AspNetSpiffe;

/// <summary>The reasons to reject a peer. The reason is in the log and, in snake case, in metrics; it is not sent to the peer.</summary>
public enum RejectionReason
{
    /// <summary>Not rejected.</summary>
    None,

    /// <summary>The peer presented no certificate (Workload API §4.6).</summary>
    NoCertificate,

    /// <summary>The peer sent more certificates or names, a larger leaf or larger keys than the limits allow (<see cref="SpiffeLimits"/>).</summary>
    TooLarge,

    /// <summary>The validity period or an extension of the leaf cannot be read.</summary>
    Unreadable,

    /// <summary>The leaf has no URI SAN, or more than one (X509-SVID §2).</summary>
    NotOneUriSan,

    /// <summary>The leaf's URI SAN is not a SPIFFE ID (SPIFFE-ID §2).</summary>
    InvalidSpiffeId,

    /// <summary>The leaf has the SPIFFE ID of a trust domain, not of a workload (X509-SVID §5.2).</summary>
    RootPath,

    /// <summary>The leaf is a CA (X509-SVID §5.2).</summary>
    CaCertificate,

    /// <summary>The leaf may sign certificates or revocation lists (X509-SVID §5.2).</summary>
    SigningKeyUsage,

    /// <summary>The leaf has no key usage <c>digitalSignature</c> (X509-SVID §4.3).</summary>
    NoDigitalSignature,

    /// <summary>There is no bundle of the peer's trust domain: it is not federated with ours (Workload API §4.6).</summary>
    UnknownTrustDomain,

    /// <summary>The bundle of the peer's trust domain has no authority, so no peer is trusted (SPIFFE Trust Domain and Bundle §4.1.3).</summary>
    EmptyBundle,

    /// <summary>A certificate of the chain has expired.</summary>
    Expired,

    /// <summary>A certificate of the chain is not valid yet.</summary>
    NotYetValid,

    /// <summary>The chain does not lead to an authority in the bundle of the peer's trust domain (X509-SVID §5.1).</summary>
    NotTrusted,

    /// <summary>A signature in the chain is invalid.</summary>
    BadSignature,

    /// <summary>A certificate of the chain has an extended key usage that does not include the role of the peer (X509-SVID §4.4).</summary>
    NotForThisUse,

    /// <summary>The chain violates another rule of RFC 5280: an issuer that is not a CA, the path length, a name constraint, a missing policy, an unknown critical extension.</summary>
    InvalidChain,

    /// <summary>A certificate of the chain has a key that is too weak: less than RSA 2048, or a curve other than P-256, P-384, P-521 and Ed25519.</summary>
    WeakKey,

    /// <summary>A certificate of the chain is signed with a hash weaker than SHA-256. The self-signature of an authority is not checked.</summary>
    WeakSignature,

    /// <summary>The peer is verified, but is not an allowed peer, or not the expected server.</summary>
    NotAllowed,

    /// <summary>A certificate of the chain is in its issuer's certificate revocation list (RFC 5280 §6.3).</summary>
    Revoked,

    /// <summary>The revocation status of a certificate of the chain is unknown (no current list), and the settings reject such peers.</summary>
    RevocationUnknown,
}
