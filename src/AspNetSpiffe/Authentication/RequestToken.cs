namespace AspNetSpiffe;

/// <summary>The result of verifying the token of a request. Stored in the features of the request; absent if no scheme has read the token.</summary>
internal sealed class RequestToken(SpiffeToken? token)
{
    public static readonly RequestToken Absent = new(null);
    public static readonly RequestToken Refused = new(null);

    /// <summary>Gets the verified token; <see langword="null"/> if there is none.</summary>
    public SpiffeToken? Token { get; } = token;
}
