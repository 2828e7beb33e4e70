namespace AspNetSpiffe;

/// <summary>The peer of a request without a connection.</summary>
internal sealed record VerifiedPeer(SpiffePeer Peer) : ISpiffePeerFeature;
