namespace AspNetSpiffe;

/// <summary>The part that the peer plays in the handshake; its extended key usage, if it has any, must allow it (X509-SVID §4.4).</summary>
public enum PeerRole
{
    /// <summary>The peer called us.</summary>
    Client,

    /// <summary>We called the peer.</summary>
    Server,
}
