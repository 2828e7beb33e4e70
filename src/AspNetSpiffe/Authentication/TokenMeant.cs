namespace AspNetSpiffe;

/// <summary>In the features of a request whose endpoint means the owner of the token, and not the peer of the connection.</summary>
internal sealed class TokenMeant
{
    public static readonly TokenMeant Instance = new();

    private TokenMeant()
    {
    }
}
