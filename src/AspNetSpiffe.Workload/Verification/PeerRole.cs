namespace AspNetSpiffe;

/// <summary>The role of the peer in the handshake; its extended key usage, if present, must allow it (X509-SVID §4.4).</summary>
public enum PeerRole
{
    /// <summary>The peer is the client.</summary>
    Client,

    /// <summary>The peer is the server.</summary>
    Server,
}
