namespace AspNetSpiffe;

/// <summary>Determines when a connection is closed gracefully, so that its peer opens the next one with a renewed SVID before requests over this one are rejected.</summary>
internal static class EarlyClose
{
    // A peer that reconnects with the same SVID must not be disconnected again and again: a connection is open for at least two thirds of the validity left at its handshake.
    private const int MostOfWhatIsLeft = 3;

    /// <param name="validUntil">The first moment at which the peer's chain is no longer valid.</param>
    /// <param name="acceptedAt">When the peer was verified.</param>
    /// <param name="before">The maximum time before the expiry.</param>
    /// <param name="chance">A random number from 0 to 1: distributes the connections of peers with simultaneously issued SVIDs over the first half of that period.</param>
    public static DateTimeOffset At(DateTimeOffset validUntil, DateTimeOffset acceptedAt, TimeSpan before, double chance)
    {
        var most = (validUntil - acceptedAt) / MostOfWhatIsLeft;
        var lead = most < before ? most : before;
        return lead <= TimeSpan.Zero ? validUntil : validUntil - (lead * (1 - (chance / 2)));
    }
}
