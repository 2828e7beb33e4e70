namespace AspNetSpiffe;

/// <summary>How a frozen agent is found: asked for a sign of life after <paramref name="Delay"/> of silence, it must answer within <paramref name="Timeout"/>.</summary>
internal readonly record struct KeepAlive(TimeSpan Delay, TimeSpan Timeout)
{
    public static KeepAlive Default { get; } = new(TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(5));
}
