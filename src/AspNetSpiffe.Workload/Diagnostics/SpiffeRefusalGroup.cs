using System.Collections.Immutable;

namespace AspNetSpiffe;

/// <summary>All that was refused for one reason since the start. Immutable.</summary>
public sealed class SpiffeRefusalGroup
{
    /// <summary>Gets what was refused: <c>client</c> or <c>server</c>, by a handshake; <c>token</c> or <c>forwarded certificate</c>, by a request.</summary>
    public required string Kind { get; init; }

    /// <summary>Gets why: the name of a <see cref="RejectionReason"/>, or of a <see cref="JwtRejectionReason"/> for tokens.</summary>
    public required string Reason { get; init; }

    /// <summary>Gets how many were refused.</summary>
    public required long Count { get; init; }

    /// <summary>Gets when the first was.</summary>
    public required DateTimeOffset First { get; init; }

    /// <summary>Gets when the last was.</summary>
    public required DateTimeOffset Last { get; init; }

    /// <summary>Gets what to do about the last of them that was logged, in words for an operator; <see langword="null"/> where the reason says all. Never for the peer.</summary>
    public string? Advice { get; init; }

    /// <summary>Gets the last ten, the newest first.</summary>
    public required ImmutableArray<SpiffeRefusal> Examples { get; init; }
}

/// <summary>One refused peer. Immutable. Its texts are a stranger's: encode them where you show them.</summary>
public sealed class SpiffeRefusal
{
    /// <summary>Gets when it was refused.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>Gets whom it claimed to be, which nobody has proved; <see langword="null"/> where that could not be read.</summary>
    public SpiffeId? ClaimedId { get; init; }

    /// <summary>Gets the address and port that it came from, or the host and port that was called; <see langword="null"/> where that is not known.</summary>
    public string? Remote { get; init; }
}
