using System.Diagnostics.CodeAnalysis;

namespace AspNetSpiffe;

/// <summary>The result of a verification: the verified peer, or the reason of the rejection. Immutable and thread-safe.</summary>
public readonly struct VerificationResult
{
    private VerificationResult(SpiffePeer? peer, RejectionReason reason, SpiffeId? id) => (Peer, Reason, Id) = (peer, reason, id);

    /// <summary>Gets the verified peer, or <see langword="null"/> when it was rejected.</summary>
    public SpiffePeer? Peer { get; }

    /// <summary>Gets the reason of the rejection; <see cref="RejectionReason.None"/> when it was accepted.</summary>
    public RejectionReason Reason { get; }

    /// <summary>Gets the SPIFFE ID of the peer, if it could be read. For a rejected peer it is not verified: use it for logs only.</summary>
    public SpiffeId? Id { get; }

    /// <summary>Gets whether the peer was verified.</summary>
    [MemberNotNullWhen(true, nameof(Peer), nameof(Id))]
    public bool Accepted => Peer is not null;

    internal static VerificationResult Accept(SpiffePeer peer) => new(peer, RejectionReason.None, peer.Id);

    internal static VerificationResult Reject(RejectionReason reason, SpiffeId? id = null) => new(null, reason, id);
}
