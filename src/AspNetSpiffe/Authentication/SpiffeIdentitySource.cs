namespace AspNetSpiffe;

/// <summary>The kind of credential that proved a <see cref="SpiffeIdentity"/>. If an endpoint has several schemes, a later value takes precedence over an earlier one.</summary>
public enum SpiffeIdentitySource
{
    /// <summary>An X509-SVID and its private key, in the TLS handshake of the connection: the scheme <c>Spiffe</c>.</summary>
    Peer,

    /// <summary>An X509-SVID in the handshake of a trusted proxy, which forwarded it: the scheme <c>SpiffeForwarded</c>.</summary>
    Forwarded,

    /// <summary>A JWT-SVID in the request: the scheme <c>SpiffeJwt</c>.</summary>
    Token,
}
