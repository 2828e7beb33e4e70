namespace AspNetSpiffe;

/// <summary>Where a <see cref="SpiffeIdentity"/> was proved.</summary>
public enum SpiffeIdentitySource
{
    /// <summary>In the TLS handshake of the connection, by an X509-SVID and its key: the scheme <c>Spiffe</c>.</summary>
    Peer,

    /// <summary>By a JWT-SVID in the request: the scheme <c>SpiffeJwt</c>.</summary>
    Token,
}
