namespace AspNetSpiffe;

/// <summary>The verified peer of a connection. A feature of the connection, and so of each request on it.</summary>
/// <remarks>Must be thread-safe: requests of one HTTP/2 connection read it concurrently.</remarks>
public interface ISpiffePeerFeature
{
    /// <summary>Gets the verified peer; <see langword="null"/> if the endpoint uses SPIFFE but no peer was verified on this connection.</summary>
    SpiffePeer? Peer { get; }
}
