using System.Collections.Immutable;

namespace AspNetSpiffe;

/// <summary>All rejections for one reason since the start. Immutable.</summary>
public sealed class SpiffeRefusalGroup
{
    /// <summary>Gets what was rejected: <c>client</c> or <c>server</c>, by a handshake; <c>token</c> or <c>forwarded certificate</c>, by a request.</summary>
    public required string Kind { get; init; }

    /// <summary>Gets why: the name of a <see cref="RejectionReason"/>, or of a <see cref="JwtRejectionReason"/> for tokens.</summary>
    public required string Reason { get; init; }

    /// <summary>Gets how many were rejected.</summary>
    public required long Count { get; init; }

    /// <summary>Gets when the first one was rejected.</summary>
    public required DateTimeOffset First { get; init; }

    /// <summary>Gets when the last one was rejected.</summary>
    public required DateTimeOffset Last { get; init; }

    /// <summary>Gets the remedy for the last logged one, as text for an operator; <see langword="null"/> if there is no more than the reason. Not for the peer.</summary>
    public string? Advice { get; init; }

    /// <summary>Gets the last ten, the newest first.</summary>
    public required ImmutableArray<SpiffeRefusal> Examples { get; init; }
}

/// <summary>One rejected peer. Immutable. Its texts come from an unauthenticated peer: encode them where you display them.</summary>
public sealed class SpiffeRefusal
{
    /// <summary>Gets when it was rejected.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>Gets the SPIFFE ID that it claimed, which is not verified; <see langword="null"/> where that could not be read.</summary>
    public SpiffeId? ClaimedId { get; init; }

    /// <summary>Gets the remote address and port, or the host and port that was called; <see langword="null"/> where that is not known.</summary>
    public string? Remote { get; init; }
}
