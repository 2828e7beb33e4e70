namespace AspNetSpiffe;

/// <summary>The peer of a connection, among the connection's features.</summary>
/// <remarks>No such feature means that the endpoint does not speak SPIFFE.</remarks>
public interface ISpiffePeerFeature
{
    /// <summary>Gets the verified peer, or <see langword="null"/> when nobody was verified.</summary>
    SpiffePeer? Peer { get; }
}
