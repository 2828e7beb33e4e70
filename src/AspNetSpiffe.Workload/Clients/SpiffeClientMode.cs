namespace AspNetSpiffe;

/// <summary>The authentication of client and server on the connections of a client. The names are those of the configuration; docs/tls-modes.md compares the modes.</summary>
internal enum SpiffeClientMode
{
    /// <summary>Our SVID is presented, and the server's is verified.</summary>
    Mutual,

    /// <summary>The server's SVID is verified, and no client certificate is presented.</summary>
    NoClientCertificate,

    /// <summary>Our SVID is presented to a server with a Web PKI certificate, which is verified by its host name; no SPIFFE ID is verified.</summary>
    WebServer,
}
