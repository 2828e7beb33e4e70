using System.Diagnostics.CodeAnalysis;

namespace AspNetSpiffe;

/// <summary>A verified token, or the reason why there is none.</summary>
public readonly struct JwtVerificationResult
{
    private const int MostAudiences = 4;

    private JwtVerificationResult(JwtSvid? svid, JwtRejectionReason reason, SpiffeId? id, string? detail = null) => (Svid, Reason, Id, Detail) = (svid, reason, id, detail);

    /// <summary>Gets the verified token, or <see langword="null"/> when it was rejected.</summary>
    public JwtSvid? Svid { get; }

    /// <summary>Gets why the token was rejected; <see cref="JwtRejectionReason.None"/> when it was accepted.</summary>
    public JwtRejectionReason Reason { get; }

    /// <summary>Gets the ID that the token claims, if it could be read. For a rejected token it is not verified: use it for logs only.</summary>
    public SpiffeId? Id { get; }

    /// <summary>Gets what an operator needs to know beside the reason, or <see langword="null"/>. For the log, not for the caller; what the token says is quoted and cut in it.</summary>
    public string? Detail { get; }

    /// <summary>Gets whether the token was verified.</summary>
    [MemberNotNullWhen(true, nameof(Svid), nameof(Id))]
    public bool Accepted => Svid is not null;

    /// <summary>A token that could be read, and what the checks of it came to.</summary>
    internal static JwtVerificationResult Of(JwtSvid svid, JwtRejectionReason reason, IReadOnlyCollection<string> audiences) => new(
        reason == JwtRejectionReason.None ? svid : null,
        reason,
        svid.Id,
        reason == JwtRejectionReason.NotAddressedToUs ? $"Its audiences are {ListOf(svid.Audiences)}; expected is {ListOf(audiences)}." : null);

    /// <summary>A token that could not even be read, or was not looked at.</summary>
    internal static JwtVerificationResult Reject(JwtRejectionReason reason) => new(null, reason, null);

    private static string ListOf(IReadOnlyCollection<string> audiences)
    {
        var list = string.Join(", ", audiences.Take(MostAudiences).Select(audience => SpiffeIdProblem.Quote(audience)));
        return audiences.Count <= MostAudiences ? list : $"{list} and {audiences.Count - MostAudiences} more";
    }
}
