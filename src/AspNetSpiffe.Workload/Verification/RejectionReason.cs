namespace AspNetSpiffe;

/// <summary>Every way for a peer to be rejected. The name is the metric's tag and the log's field; the peer itself learns nothing.</summary>
public enum RejectionReason
{
    /// <summary>Not rejected.</summary>
    None,

    /// <summary>The peer presented no certificate (Workload API §4.6).</summary>
    NoCertificate,

    /// <summary>The peer sent more certificates, or larger ones, or larger keys, than a chain of SVIDs has.</summary>
    TooLarge,

    /// <summary>The leaf has a validity or an extension that cannot be read.</summary>
    Unreadable,

    /// <summary>The leaf has no URI name, or more than one (X509-SVID §2).</summary>
    NotOneUriSan,

    /// <summary>The leaf's URI name is not a SPIFFE ID (SPIFFE-ID §2).</summary>
    InvalidSpiffeId,

    /// <summary>The leaf names a trust domain, not a workload (X509-SVID §5.2).</summary>
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

    /// <summary>A signature in the chain is wrong.</summary>
    BadSignature,

    /// <summary>A certificate of the chain has an extended key usage without the role in use (X509-SVID §4.4).</summary>
    NotForThisUse,

    /// <summary>The chain breaks another rule of RFC 5280: a CA that is none, a path too long, a name constraint, a missing policy, an unknown critical extension.</summary>
    InvalidChain,

    /// <summary>A certificate of the chain has a key that is too weak: less than RSA 2048, or a curve other than P-256, P-384, P-521 and Ed25519.</summary>
    WeakKey,

    /// <summary>A certificate of the chain is signed with a hash weaker than SHA-256. The own signature of an authority that names itself as its issuer does not count.</summary>
    WeakSignature,

    /// <summary>The peer is verified, but is not one that may connect, or not the one that was called.</summary>
    NotAllowed,

    /// <summary>A certificate of the chain is in its issuer's certificate revocation list (RFC 5280 §6.3).</summary>
    Revoked,

    /// <summary>The revocation status of a certificate of the chain is unknown (no current list), and the settings reject such peers.</summary>
    RevocationUnknown,
}
