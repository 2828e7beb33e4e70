namespace AspNetSpiffe;

/// <summary>Says when a connection is asked to close, so that its peer opens the next one with a renewed SVID before requests over this one are rejected.</summary>
internal static class EarlyClose
{
    // A peer that comes back with the same SVID must not be asked again and again: at least two thirds of what was left at its handshake are its own.
    private const int MostOfWhatIsLeft = 3;

    /// <param name="validUntil">The first moment at which the peer's chain is no longer valid.</param>
    /// <param name="acceptedAt">When the peer was verified.</param>
    /// <param name="before">How long before the end at most.</param>
    /// <param name="chance">From 0 to 1: spreads the connections of peers whose SVIDs were issued together over the later half of that time.</param>
    public static DateTimeOffset At(DateTimeOffset validUntil, DateTimeOffset acceptedAt, TimeSpan before, double chance)
    {
        var most = (validUntil - acceptedAt) / MostOfWhatIsLeft;
        var lead = most < before ? most : before;
        return lead <= TimeSpan.Zero ? validUntil : validUntil - (lead * (1 - (chance / 2)));
    }
}
