using System.Diagnostics.CodeAnalysis;

namespace AspNetSpiffe;

/// <summary>A verified peer, or the reason why there is none.</summary>
public readonly struct VerificationResult
{
    private VerificationResult(SpiffePeer? peer, RejectionReason reason, SpiffeId? id) => (Peer, Reason, Id) = (peer, reason, id);

    /// <summary>Gets the verified peer, or <see langword="null"/> when it was rejected.</summary>
    public SpiffePeer? Peer { get; }

    /// <summary>Gets why the peer was rejected; <see cref="RejectionReason.None"/> when it was accepted.</summary>
    public RejectionReason Reason { get; }

    /// <summary>Gets the ID that the peer claimed, if it could be read. Of a rejected peer it proves nothing: log it, decide nothing by it.</summary>
    public SpiffeId? Id { get; }

    /// <summary>Gets whether the peer was verified.</summary>
    [MemberNotNullWhen(true, nameof(Peer), nameof(Id))]
    public bool Accepted => Peer is not null;

    internal static VerificationResult Accept(SpiffePeer peer) => new(peer, RejectionReason.None, peer.Id);

    internal static VerificationResult Reject(RejectionReason reason, SpiffeId? id = null) => new(null, reason, id);
}
