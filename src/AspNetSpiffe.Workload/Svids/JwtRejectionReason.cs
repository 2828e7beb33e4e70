namespace AspNetSpiffe;

/// <summary>The reasons to reject a token. It is in the log and, in snake case, in metrics; it is not sent to the caller.</summary>
public enum JwtRejectionReason
{
    /// <summary>Not rejected.</summary>
    None,

    /// <summary>The token is not a JWS in compact form, is not valid JSON, or lacks a required claim (JWT-SVID §§3 and 5.1).</summary>
    Malformed,

    /// <summary>The token is larger than 64 KiB, or has more than 32 audiences.</summary>
    TooLarge,

    /// <summary>The token's <c>alg</c> is missing, or not allowed in a JWT-SVID (JWT-SVID §2.1).</summary>
    UnsupportedAlgorithm,

    /// <summary>The token has critical headers, which are not supported (RFC 7515 §4.1.11).</summary>
    CriticalHeader,

    /// <summary>The token's <c>typ</c> is neither <c>JWT</c> nor <c>JOSE</c>: it is another kind of token (JWT-SVID §2.3).</summary>
    WrongType,

    /// <summary>The token's <c>sub</c> is missing or not a SPIFFE ID (JWT-SVID §3.1).</summary>
    InvalidSpiffeId,

    /// <summary>The subject of the token is a trust domain, not a workload.</summary>
    RootPath,

    /// <summary>None of the token's audiences is one of ours (JWT-SVID §3.2).</summary>
    NotAddressedToUs,

    /// <summary>The token has expired (JWT-SVID §3.3).</summary>
    Expired,

    /// <summary>The token is not valid yet (RFC 7519 §4.1.5).</summary>
    NotYetValid,

    /// <summary>There are no bundles: none have been received from the Workload API yet.</summary>
    NoBundles,

    /// <summary>There is no bundle of the subject's trust domain: it is not federated with ours (Workload API §6.3).</summary>
    UnknownTrustDomain,

    /// <summary>The bundle has no key with the token's <c>kid</c>, or, for a token without one, no key for its <c>alg</c> (JWT-SVID §6.2).</summary>
    UnknownKey,

    /// <summary>The key with the token's <c>kid</c> has another type or curve than the token's <c>alg</c> requires (JWT-SVID §4), or is for another <c>alg</c> (RFC 8725 §3.1).</summary>
    WrongKeyType,

    /// <summary>The signature is invalid (JWT-SVID §4).</summary>
    BadSignature,

    /// <summary>The request has more than one <c>Authorization</c> header.</summary>
    SeveralTokens,

    /// <summary>The Workload API, which validates the tokens here, rejected it (Workload API §6.2.3).</summary>
    RefusedByAgent,

    /// <summary>The Workload API, which validates the tokens here, did not respond.</summary>
    NoAnswer,

    /// <summary>The token is verified, but its owner is not an allowed caller.</summary>
    NotAllowed,
}
