namespace AspNetSpiffe;

/// <summary>Says who is at the other end of a connection. It lives in the features of the connection, and so in those of each request on it.</summary>
/// <remarks>Requests of one HTTP/2 connection read it at the same time: it must be safe to read from any thread.</remarks>
public interface ISpiffePeerFeature
{
    /// <summary>Gets the verified peer, or <see langword="null"/> when the endpoint speaks SPIFFE but nobody was verified on this connection.</summary>
    SpiffePeer? Peer { get; }
}
