namespace AspNetSpiffe;

/// <summary>A verified token, or the reason why there is none, and the ID that it claimed.</summary>
internal readonly record struct TokenVerdict(SpiffeToken? Token, JwtRejectionReason Reason, SpiffeId? Id, string? Problem = null)
{
    public static TokenVerdict Accept(SpiffeToken token) => new(token, JwtRejectionReason.None, token.Id);

    public static TokenVerdict Refuse(JwtRejectionReason reason, SpiffeId? id = null, string? problem = null) => new(null, reason, id, problem);
}
