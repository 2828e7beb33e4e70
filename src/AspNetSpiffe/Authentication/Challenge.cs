using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace AspNetSpiffe;

/// <summary>What a 401 asks for (RFC 9110 §11.6.1): a certificate, a token, or either. It never says what was wrong with a token (RFC 6750 §3.1).</summary>
internal static class Challenge
{
    public const string Peer = SpiffeAuthenticationDefaults.AuthenticationScheme;

    private const string MissingToken = "Bearer";
    private const string InvalidToken = "Bearer error=\"invalid_token\"";

    public static string Token(HttpContext context) => context.Features.Get<RequestToken>() == RequestToken.Refused ? InvalidToken : MissingToken;

    /// <summary>Gives what the policy of an endpoint asks for, by the schemes that it names.</summary>
    public static StringValues Of(HttpContext context, IReadOnlyList<string> schemes)
    {
        if (!schemes.Contains(SpiffeJwtAuthenticationDefaults.AuthenticationScheme)) return CurrentCaller.IsAskedForToken(context) ? Token(context) : Peer;
        var either = schemes.Contains(SpiffeAuthenticationDefaults.AuthenticationScheme) && context.Features.Get<TokenMeant>() is null;
        return either ? new StringValues(new[] { Peer, Token(context) }) : Token(context);
    }
}
