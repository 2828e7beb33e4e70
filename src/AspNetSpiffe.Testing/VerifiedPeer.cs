namespace AspNetSpiffe;

/// <summary>The peer of a request that came over no connection.</summary>
internal sealed record VerifiedPeer(SpiffePeer Peer) : ISpiffePeerFeature;
