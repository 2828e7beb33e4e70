namespace AspNetSpiffe;

/// <summary>Who proves what to whom on the endpoint of a server. What a mode does not verify is said with it; docs/tls-modes.md has all of them side by side.</summary>
public enum SpiffeServerMode
{
    /// <summary>Our SVID is shown, and the client's is required and verified. The default: nothing that is left out leads to another mode.</summary>
    Mutual,

    /// <summary>Our SVID is shown, and the client is asked for no certificate: no client is verified by TLS. For callers with a JWT-SVID, and those who may be anybody.</summary>
    NoClientCertificate,

    /// <summary>
    /// Our SVID is shown, and the client may show one. A client without a certificate is not verified by TLS, and is nobody; one that shows a certificate is verified as in
    /// <see cref="Mutual"/>, and a bad one ends the handshake.
    /// </summary>
    OptionalClientCertificate,

    /// <summary>
    /// The certificate of Kestrel's own settings is shown, and the client's SVID is required and verified as in <see cref="Mutual"/>. Clients see no SPIFFE ID of ours, and
    /// verify us by the name of the host.
    /// </summary>
    WebCertificate,
}
