namespace AspNetSpiffe;

/// <summary>The TLS mode of a server endpoint: what is authenticated, and what is not verified. docs/tls-modes.md compares all of them.</summary>
public enum SpiffeServerMode
{
    /// <summary>Our SVID is presented, and the client's is required and verified. The default: a missing setting never leads to another mode.</summary>
    Mutual,

    /// <summary>Our SVID is presented, and no client certificate is requested: no client is verified by TLS. For callers with a JWT-SVID, and anonymous callers.</summary>
    NoClientCertificate,

    /// <summary>
    /// Our SVID is presented, and the client may present one. A client without a certificate is not verified by TLS, and is not authenticated; one that presents a certificate is verified as in
    /// <see cref="Mutual"/>, and an invalid one fails the handshake.
    /// </summary>
    OptionalClientCertificate,

    /// <summary>
    /// The certificate of Kestrel's own settings is presented, and the client's SVID is required and verified as in <see cref="Mutual"/>. Clients get no SPIFFE ID of this server, and
    /// verify the server by its host name.
    /// </summary>
    WebCertificate,
}
