namespace AspNetSpiffe;

/// <summary>Which token a <see cref="JwtSvidHandler"/> adds, and where to.</summary>
public sealed class JwtSvidHandlerOptions
{
    /// <summary>Gets or sets which of our identities the token is for.</summary>
    /// <value>Default: the one that <see cref="SpiffeOptions"/> choose, or the first.</value>
    public SpiffeId? Identity { get; set; }

    /// <summary>Gets or sets whether the token may be sent to a plain-http address, where anyone in the network path can read and use it.</summary>
    /// <value>Default: <see langword="false"/>. Only for a connection that cannot be intercepted: a Unix socket, or loopback to a proxy that uses TLS (JWT-SVID §7.3).</value>
    public bool AllowInsecureHttp { get; set; }
}
