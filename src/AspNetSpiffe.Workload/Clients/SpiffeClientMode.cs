namespace AspNetSpiffe;

/// <summary>Who proves what to whom on the connections of a client. The names are those of the configuration; docs/tls-modes.md says what each does not verify.</summary>
internal enum SpiffeClientMode
{
    /// <summary>Our SVID is shown, and the server's is verified.</summary>
    Mutual,

    /// <summary>The server's SVID is verified, and nothing of ours is shown.</summary>
    NoClientCertificate,

    /// <summary>Our SVID is shown to a server with a web certificate, of which the name is verified, and no SPIFFE ID.</summary>
    WebServer,
}
