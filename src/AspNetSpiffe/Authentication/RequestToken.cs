namespace AspNetSpiffe;

/// <summary>What came of asking a request for its token. Lives in the features of the request; without it, nobody has asked.</summary>
internal sealed class RequestToken
{
    public static readonly RequestToken Absent = new();
    public static readonly RequestToken Refused = new();

    private readonly TimeSpan _leeway;

    private RequestToken()
    {
    }

    public RequestToken(SpiffeToken token, TimeSpan leeway) => (Token, _leeway) = (token, leeway);

    /// <summary>Gets the verified token.</summary>
    public SpiffeToken? Token { get; }

    /// <summary>Gives the token while it is valid: a request or a hub may outlive it.</summary>
    // Differences of times cannot overflow, sums can.
    public SpiffeToken? Find(TimeProvider time) => Token is not null && time.GetUtcNow() - Token.ExpiresAt < _leeway ? Token : null;
}
