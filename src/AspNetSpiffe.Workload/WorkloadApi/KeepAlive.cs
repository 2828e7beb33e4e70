namespace AspNetSpiffe;

/// <summary>How a frozen agent is found: asked for a sign of life after <paramref name="Delay"/> of silence, it must answer within <paramref name="Timeout"/>.</summary>
/// <remarks>
/// A server on grpc-go, such as SPIRE's agent, ends the connection of a client that asks more often than once in five minutes (keepalive.EnforcementPolicy). A longer
/// silence than that is found by what should have come: see <see cref="Watch{T}"/>.
/// </remarks>
internal readonly record struct KeepAlive(TimeSpan Delay, TimeSpan Timeout)
{
    private static readonly TimeSpan Longest = TimeSpan.FromHours(2);

    public static KeepAlive Default { get; } = new(TimeSpan.FromMinutes(5.5), TimeSpan.FromSeconds(20));

    /// <summary>Gets whether it asks as seldom as it ever will.</summary>
    public bool IsCalmest => Delay >= Longest;

    /// <summary>Asks half as often, as gRPC's own clients do after ENHANCE_YOUR_CALM (gRPC proposal A8).</summary>
    public KeepAlive Calmer() => this with { Delay = Delay < Longest / 2 ? Delay * 2 : Longest };
}
