namespace AspNetSpiffe;

/// <summary>The credential that a <see cref="SpiffeIdentity"/> was verified by. Where an endpoint names several schemes, a later value takes precedence over an earlier one.</summary>
public enum SpiffeIdentitySource
{
    /// <summary>In the TLS handshake of the connection, by an X509-SVID and its key: the scheme <c>Spiffe</c>.</summary>
    Peer,

    /// <summary>In the handshake of a trusted proxy, which has forwarded the X509-SVID: the scheme <c>SpiffeForwarded</c>.</summary>
    Forwarded,

    /// <summary>By a JWT-SVID in the request: the scheme <c>SpiffeJwt</c>.</summary>
    Token,
}
