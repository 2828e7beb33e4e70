namespace AspNetSpiffe;

/// <summary>Options of <see cref="JwtSvidHandler"/>. Not thread-safe: set the values before the handler is created.</summary>
public sealed class JwtSvidHandlerOptions
{
    /// <summary>Gets or sets the identity whose token is sent.</summary>
    /// <value>Default: the one that <see cref="SpiffeOptions"/> select, or the first.</value>
    public SpiffeId? Identity { get; set; }

    /// <summary>Gets or sets whether the token may be sent to a plain-http address, where anyone in the network path can read and use it.</summary>
    /// <value>Default: <see langword="false"/>. Only for a connection that cannot be intercepted: a Unix socket, or loopback to a proxy that uses TLS (JWT-SVID §7.3).</value>
    public bool AllowInsecureHttp { get; set; }
}
