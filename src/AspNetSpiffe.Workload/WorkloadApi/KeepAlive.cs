namespace AspNetSpiffe;

/// <summary>HTTP/2 keep-alive to detect an agent that does not respond: a ping after <paramref name="Delay"/> without data must be answered within <paramref name="Timeout"/>.</summary>
/// <remarks>
/// A grpc-go server, such as SPIRE's agent, closes the connection of a client that sends pings more often than once in five minutes (keepalive.EnforcementPolicy). Longer
/// inactivity is detected by missing updates: see <see cref="Watch{T}"/>.
/// </remarks>
internal readonly record struct KeepAlive(TimeSpan Delay, TimeSpan Timeout)
{
    private static readonly TimeSpan Longest = TimeSpan.FromHours(2);

    public static KeepAlive Default { get; } = new(TimeSpan.FromMinutes(5.5), TimeSpan.FromSeconds(20));

    /// <summary>Gets whether the interval has reached its maximum.</summary>
    public bool IsCalmest => Delay >= Longest;

    /// <summary>Doubles the interval, as gRPC's own clients do after ENHANCE_YOUR_CALM (gRPC proposal A8).</summary>
    public KeepAlive Calmer() => this with { Delay = Delay < Longest / 2 ? Delay * 2 : Longest };
}
