namespace AspNetSpiffe;

/// <summary>A connection of ours to a verified server, on whatever way it goes.</summary>
internal interface IPeerConnection
{
    SpiffePeer Peer { get; }

    /// <summary>Gets or sets when the connection is cut off, because its server is no longer trusted; <see langword="null"/> as long as it is.</summary>
    DateTimeOffset? AbortAt { get; set; }

    /// <summary>Cuts the connection off, whatever is under way on it.</summary>
    void Abort();
}
