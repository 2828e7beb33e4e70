namespace AspNetSpiffe;

/// <summary>Which token a <see cref="JwtSvidHandler"/> adds, and where to.</summary>
public sealed class JwtSvidHandlerOptions
{
    /// <summary>Gets or sets which of our identities the token is for.</summary>
    /// <value>Default: the one that <see cref="SpiffeOptions"/> choose, or the first.</value>
    public SpiffeId? Identity { get; set; }

    /// <summary>Gets or sets whether the token may go to a plain-http address, where everybody on the way can read it and use it.</summary>
    /// <value>Default: <see langword="false"/>. Only for a connection that nobody can listen to: a Unix socket, or loopback to a proxy that speaks TLS (JWT-SVID §7.3).</value>
    public bool AllowInsecureHttp { get; set; }
}
