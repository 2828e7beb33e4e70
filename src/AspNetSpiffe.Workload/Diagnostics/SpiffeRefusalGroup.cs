using System.Collections.Immutable;

namespace AspNetSpiffe;

/// <summary>All rejections for one reason since the start. Immutable and thread-safe.</summary>
public sealed class SpiffeRefusalGroup
{
    /// <summary>Gets what was rejected: <c>client</c> or <c>server</c> in a handshake; <c>token</c> or <c>forwarded certificate</c> in a request.</summary>
    public required string Kind { get; init; }

    /// <summary>Gets the reason: the name of a <see cref="RejectionReason"/>, or of a <see cref="JwtRejectionReason"/> for tokens.</summary>
    public required string Reason { get; init; }

    /// <summary>Gets the number of rejections.</summary>
    public required long Count { get; init; }

    /// <summary>Gets the time of the first rejection.</summary>
    public required DateTimeOffset First { get; init; }

    /// <summary>Gets the time of the last rejection.</summary>
    public required DateTimeOffset Last { get; init; }

    /// <summary>Gets the remedy for the last logged rejection, as text for an operator, not for the peer; <see langword="null"/> if there is none.</summary>
    public string? Advice { get; init; }

    /// <summary>Gets the last ten rejections, the newest first.</summary>
    public required ImmutableArray<SpiffeRefusal> Examples { get; init; }
}

/// <summary>One rejected peer. Immutable and thread-safe. Its texts come from an unauthenticated peer: encode them where you display them.</summary>
public sealed class SpiffeRefusal
{
    /// <summary>Gets the time of the rejection.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>Gets the claimed SPIFFE ID, which is not verified; <see langword="null"/> if it could not be read.</summary>
    public SpiffeId? ClaimedId { get; init; }

    /// <summary>Gets the remote address and port, or the host and port that was called; <see langword="null"/> if unknown.</summary>
    public string? Remote { get; init; }
}
