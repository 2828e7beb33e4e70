using System.Diagnostics.CodeAnalysis;

namespace AspNetSpiffe;

/// <summary>The result of a verification: the verified token, or the reason of the rejection. Immutable and thread-safe.</summary>
public readonly struct JwtVerificationResult
{
    private const int MostAudiences = 4;

    private JwtVerificationResult(JwtSvid? svid, JwtRejectionReason reason, SpiffeId? id, string? detail = null) => (Svid, Reason, Id, Detail) = (svid, reason, id, detail);

    /// <summary>Gets the verified token, or <see langword="null"/> when it was rejected.</summary>
    public JwtSvid? Svid { get; }

    /// <summary>Gets the reason of the rejection; <see cref="JwtRejectionReason.None"/> when it was accepted.</summary>
    public JwtRejectionReason Reason { get; }

    /// <summary>Gets the SPIFFE ID of the token's subject, if it could be read. For a rejected token it is not verified: use it for logs only.</summary>
    public SpiffeId? Id { get; }

    /// <summary>Gets details for the operator, or <see langword="null"/>. For the log, not for the caller; content of the token is quoted and truncated in it.</summary>
    public string? Detail { get; }

    /// <summary>Gets whether the token was verified.</summary>
    [MemberNotNullWhen(true, nameof(Svid), nameof(Id))]
    public bool Accepted => Svid is not null;

    /// <summary>The result for a token that could be parsed.</summary>
    internal static JwtVerificationResult Of(JwtSvid svid, JwtRejectionReason reason, IReadOnlyCollection<string> audiences) => new(
        reason == JwtRejectionReason.None ? svid : null,
        reason,
        svid.Id,
        reason == JwtRejectionReason.NotAddressedToUs ? $"Its audiences are {ListOf(svid.Audiences)}; expected is {ListOf(audiences)}." : null);

    /// <summary>The result for a token that could not be parsed, or was not checked.</summary>
    internal static JwtVerificationResult Reject(JwtRejectionReason reason) => new(null, reason, null);

    private static string ListOf(IReadOnlyCollection<string> audiences)
    {
        var list = string.Join(", ", audiences.Take(MostAudiences).Select(audience => SpiffeIdProblem.Quote(audience)));
        return audiences.Count <= MostAudiences ? list : $"{list} and {audiences.Count - MostAudiences} more";
    }
}
