namespace AspNetSpiffe;

/// <summary>Who may connect to this server. Bound from the configuration section <c>Spiffe</c>.</summary>
public sealed class SpiffeServerOptions
{
    /// <summary>Gets the <see cref="SpiffeIdPattern"/>s of the peers that may connect; all others are refused at the handshake.</summary>
    /// <value>Default: empty, which means every member of our own trust domain.</value>
    /// <remarks>Who may call what is said by policies; who may connect at all is said here.</remarks>
    public IList<string> AllowedPeers { get; } = [];
}
