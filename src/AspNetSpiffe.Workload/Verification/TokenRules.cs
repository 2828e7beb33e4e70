using System.Collections.Immutable;

namespace AspNetSpiffe;

/// <summary>The rules for a token, in the order of the verifier (JWT-SVID §4).</summary>
internal static class TokenRules
{
    /// <summary>Gets the rules that the parser of tokens checks. It stops at the first error, so the other rules are then not reached.</summary>
    public static ImmutableArray<Rule<TokenReading, JwtRejectionReason>> OfReading { get; } =
    [
        Reading("JWT-SVID §3.2", "It has at most 64 KiB and 32 audiences.", JwtRejectionReason.TooLarge),
        Reading("JWT-SVID §2.1", "Its alg is RS, PS or ES with 256, 384 or 512.", JwtRejectionReason.UnsupportedAlgorithm),
        Reading("RFC 7515 §4.1.11", "It has no critical header.", JwtRejectionReason.CriticalHeader),
        Reading("JWT-SVID §2.3", "Its typ is JWT or JOSE, if it has one.", JwtRejectionReason.WrongType),
        Reading("JWT-SVID §3.1", "Its sub is a SPIFFE ID.", JwtRejectionReason.InvalidSpiffeId),
        Reading("JWT-SVID §3, §5.1", "It is a JWS in compact form, with JSON that has exp and aud.", JwtRejectionReason.Malformed),
    ];

    public static ImmutableArray<Rule<TokenFacts, JwtRejectionReason>> OfClaims { get; } =
    [
        new("JWT-SVID §3.1", "Its sub names a workload, not a trust domain.", static token => If(token.Svid.Id.Path.Length > 0, JwtRejectionReason.RootPath)),
        new("JWT-SVID §3.2", "Its audience is one of ours.", static token => If(IsAddressedTo(token.Svid, token.Audiences), JwtRejectionReason.NotAddressedToUs), static token => token.Audiences.Count > 0),

        // A difference of times cannot overflow; a sum can.
        new("JWT-SVID §3.3", "It has not expired.", static token => If(token.Now - token.Svid.ExpiresAt < token.Leeway, JwtRejectionReason.Expired)),
        new("RFC 7519 §4.1.5", "It is already valid.", static token => If(!(token.Svid.NotBefore - token.Now > token.Leeway), JwtRejectionReason.NotYetValid)),
    ];

    public static ImmutableArray<Rule<SignatureFacts, JwtRejectionReason>> OfSignature { get; } =
    [
        // Only the bundle of the subject's own trust domain is used.
        new("Workload API §6.3", "There is a bundle of its trust domain.", static token => If(token.Bundle is not null, JwtRejectionReason.UnknownTrustDomain)),
        new("JWT-SVID §4, §6.2", "The key that it names, in that bundle, fits its alg and has signed it.", static token => JwtSvidVerifier.CheckSignature(token.Svid.Token, token.Svid.Header, token.Bundle!), static token => token.Bundle is not null),
    ];

    private static Rule<TokenReading, JwtRejectionReason> Reading(string clause, string text, JwtRejectionReason reason) => new(
        clause, text, reading => If(reading.Mistake != reason, reason), reading => reading.Mistake is JwtRejectionReason.None || reading.Mistake == reason, static reading => reading.Problem);

    // Ordinal comparison, independent of the comparer of the caller's collection.
    private static bool IsAddressedTo(JwtSvid svid, IReadOnlyCollection<string> ours) => svid.Audiences.Any(audience => ours.Any(one => one == audience));

    private static JwtRejectionReason If(bool isKept, JwtRejectionReason broken) => isKept ? JwtRejectionReason.None : broken;
}

/// <summary>The result of the parser.</summary>
internal readonly record struct TokenReading(JwtSvid? Svid, JwtRejectionReason Mistake, string? Problem);

/// <summary>A token, and the expected audience and time.</summary>
internal readonly record struct TokenFacts(JwtSvid Svid, IReadOnlyCollection<string> Audiences, DateTimeOffset Now, TimeSpan Leeway);

/// <summary>A token, and the trust bundle of its trust domain, if there is one.</summary>
internal readonly record struct SignatureFacts(JwtSvid Svid, JwtBundle? Bundle);
