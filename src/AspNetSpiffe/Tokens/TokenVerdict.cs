namespace AspNetSpiffe;

/// <summary>The result for a token: the verified token, or the rejection reason and the claimed ID.</summary>
internal readonly record struct TokenVerdict(SpiffeToken? Token, JwtRejectionReason Reason, SpiffeId? Id, string? Problem = null)
{
    public static TokenVerdict Accept(SpiffeToken token) => new(token, JwtRejectionReason.None, token.Id);

    public static TokenVerdict Refuse(JwtRejectionReason reason, SpiffeId? id = null, string? problem = null) => new(null, reason, id, problem);
}
