namespace AspNetSpiffe;

/// <summary>The verified peer of a connection. It is a feature of the connection, and therefore of each request on it.</summary>
/// <remarks>Requests of one HTTP/2 connection read it at the same time: it must be safe to read from any thread.</remarks>
public interface ISpiffePeerFeature
{
    /// <summary>Gets the verified peer, or <see langword="null"/> when the endpoint uses SPIFFE but no peer was verified on this connection.</summary>
    SpiffePeer? Peer { get; }
}
