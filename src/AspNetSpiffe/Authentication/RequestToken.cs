namespace AspNetSpiffe;

/// <summary>What came of asking a request for its token. Lives in the features of the request; without it, nobody has asked.</summary>
internal sealed class RequestToken(SpiffeToken? token)
{
    public static readonly RequestToken Absent = new(null);
    public static readonly RequestToken Refused = new(null);

    /// <summary>Gets the verified token.</summary>
    public SpiffeToken? Token { get; } = token;
}
