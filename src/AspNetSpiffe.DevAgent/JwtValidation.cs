using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace AspNetSpiffe;

/// <summary>The implementation of ValidateJWTSVID: verifies a token of our authorities or of a federated trust domain (JWT-SVID §§2-4).</summary>
/// <remarks>With Microsoft.IdentityModel, so that tests compare the library with an independent implementation.</remarks>
internal static class JwtValidation
{
    private static readonly JsonWebTokenHandler Tokens = new() { MapInboundClaims = false };

    /// <exception cref="FormatException">The token is rejected; the message says why and contains no part of the token.</exception>
    public static async Task<(SpiffeId Id, Struct Claims)> ValidateAsync(string token, string audience, WorkloadSnapshot snapshot, TimeProvider time)
    {
        var jwt = Read(token);
        if (jwt.TryGetHeaderValue<object>("crit", out _)) throw new FormatException("the token has critical headers that are not understood");

        var id = SpiffeId.TryParse(jwt.Subject, out var subject) && subject.Path.Length > 0 ? subject : throw new FormatException("the subject of the token is not the SPIFFE ID of a workload");
        var trust = snapshot.FindTrust(id.TrustDomain) ?? throw new FormatException("no bundle for the trust domain of the token's subject");
        var result = await Tokens.ValidateTokenAsync(token, Rules(audience, trust, time)).ConfigureAwait(false);
        return result.IsValid ? (id, Claims(jwt)) : throw new FormatException(Explain(result.Exception), result.Exception);
    }

    private static TokenValidationParameters Rules(string audience, TrustMaterial trust, TimeProvider time) => new()
    {
        ValidateIssuer = false,
        ValidAudience = audience,
        ValidAlgorithms = [SecurityAlgorithms.EcdsaSha256],
        TypeValidator = static (type, _, _) => type is null or "" or "JWT" or "JOSE" ? type : throw new SecurityTokenInvalidTypeException(),

        // JWT-SVID §2.2: kid is optional; if present, only the key with that ID is used.
        IssuerSigningKeyResolver = (_, _, kid, _) => trust.JwtKeys.Where(k => string.IsNullOrEmpty(kid) || k.Kid == kid),
        LifetimeValidator = (notBefore, expires, _, _) =>
        {
            var now = time.GetUtcNow().UtcDateTime;
            if (expires is null) throw new SecurityTokenNoExpirationException();
            if (expires <= now) throw new SecurityTokenExpiredException();
            return notBefore is null || notBefore <= now ? true : throw new SecurityTokenNotYetValidException();
        },
    };

    private static JsonWebToken Read(string token)
    {
        try
        {
            return Tokens.ReadJsonWebToken(token);
        }
        catch (Exception e) when (e is ArgumentException or SecurityTokenException)
        {
            throw new FormatException("the token is not a JWS in compact form, or not of valid JSON", e);
        }
    }

    // The exception's message may contain parts of the token.
    private static string Explain(Exception problem) => problem switch
    {
        SecurityTokenInvalidAlgorithmException => "the algorithm of the token is not ES256, the only one of a development agent",
        SecurityTokenInvalidTypeException => "the type of the token is neither JWT nor JOSE",
        SecurityTokenInvalidAudienceException => "the token is not for the audience",
        SecurityTokenNoExpirationException => "the token has no expiry",
        SecurityTokenExpiredException => "the token has expired",
        SecurityTokenNotYetValidException => "the token is not valid yet",
        _ => "the signature of the token does not verify with the keys of its trust domain",
    };

    // A single audience becomes a list, so that the type is always the same.
    private static Struct Claims(JsonWebToken jwt)
    {
        var claims = JsonParser.Default.Parse<Struct>(Base64UrlEncoder.Decode(jwt.EncodedPayload));
        if (claims.Fields["aud"] is { KindCase: Value.KindOneofCase.StringValue } audience) claims.Fields["aud"] = Value.ForList(audience);
        return claims;
    }
}
