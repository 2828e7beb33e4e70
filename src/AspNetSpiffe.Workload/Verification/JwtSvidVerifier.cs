using System.Collections.Immutable;

namespace AspNetSpiffe;

/// <summary>Verifies a JWT-SVID against the trust bundle of its subject's trust domain (JWT-SVID §4). An invalid token is a result, not an exception.</summary>
/// <remarks>Thread-safe. Uses neither network nor disk.</remarks>
public static class JwtSvidVerifier
{
    // JWT-SVID §2.2: a token need not have a 'kid'; this bounds the cost of trying keys.
    private const int MaxKeysTried = 8;

    private static readonly TimeSpan DefaultLeeway = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan MaxLeeway = TimeSpan.FromSeconds(60);

    /// <summary>Verifies a token: its claims, its audience, its validity period and its signature.</summary>
    /// <param name="token">The token in compact form, without the authentication scheme.</param>
    /// <param name="bundles">The trust bundles.</param>
    /// <param name="audiences">The accepted audiences: the token must have at least one of these, exactly as written.</param>
    /// <param name="now">The time at which the token must be valid.</param>
    /// <param name="leeway">The tolerated clock skew: 30 seconds by default, at most 60.</param>
    /// <exception cref="ArgumentException">There is no audience, one is empty, or <paramref name="leeway"/> is out of range.</exception>
    public static JwtVerificationResult Verify(
        string token, JwtBundleSet bundles, IReadOnlyCollection<string> audiences, DateTimeOffset now, TimeSpan? leeway = null)
    {
        ArgumentNullException.ThrowIfNull(token);
        ArgumentNullException.ThrowIfNull(bundles);
        CheckExpectations(audiences, leeway);

        var reading = Read(token);
        if (reading.Svid is not { } svid) return JwtVerificationResult.Reject(reading.Mistake);
        var reason = CheckClaims(svid, audiences, now, leeway);
        if (reason == JwtRejectionReason.None) reason = TokenRules.OfSignature.FindBroken(new(svid, bundles.Find(svid.Id.TrustDomain)));
        return JwtVerificationResult.Of(svid, reason, audiences);
    }

    /// <summary>Checks each rule separately, so that one error does not hide another: for diagnosis of a token.</summary>
    /// <remarks>The rules and their order are those of <see cref="Verify"/>: its reason is that of the first rule that is violated here.</remarks>
    /// <param name="token">The token in compact form, without the authentication scheme.</param>
    /// <param name="bundles">The trust bundles; <see langword="null"/> skips the check of the signature.</param>
    /// <param name="audiences">The accepted audiences; empty skips the check of the audience.</param>
    /// <param name="now">The time at which the token must be valid.</param>
    /// <param name="leeway">The tolerated clock skew: 30 seconds by default, at most 60.</param>
    /// <exception cref="ArgumentException">An audience is empty, or <paramref name="leeway"/> is out of range.</exception>
    public static ImmutableArray<InspectedRule> Inspect(
        string token, JwtBundleSet? bundles, IReadOnlyCollection<string> audiences, DateTimeOffset now, TimeSpan? leeway = null)
    {
        ArgumentNullException.ThrowIfNull(token);
        ArgumentNullException.ThrowIfNull(audiences);
        if (audiences.Count > 0) CheckExpectations(audiences, leeway);

        var reading = Read(token);
        TokenFacts? facts = reading.Svid is { } svid ? new(svid, audiences, now, leeway ?? DefaultLeeway) : null;
        SignatureFacts? signature = bundles is not null && facts is { } read ? new(read.Svid, bundles.Find(read.Svid.Id.TrustDomain)) : null;
        return
        [
            .. TokenRules.OfReading.Inspect(reading, JwtRejectionReason.Malformed),
            .. TokenRules.OfClaims.Inspect(facts, JwtRejectionReason.Malformed),
            .. TokenRules.OfSignature.Inspect(signature, JwtRejectionReason.BadSignature),
        ];
    }

    /// <summary>Checks the arguments of the caller: an error in them must not look like an invalid token.</summary>
    /// <exception cref="ArgumentException">There is no audience, one is empty, or <paramref name="leeway"/> is out of range.</exception>
    internal static void CheckExpectations(IReadOnlyCollection<string> audiences, TimeSpan? leeway)
    {
        ArgumentNullException.ThrowIfNull(audiences);
        if (audiences.Count == 0 || audiences.Any(string.IsNullOrEmpty))
            throw new ArgumentException("A token is verified for at least one audience, and none may be empty: use the audience that the callers of this service request.", nameof(audiences));
        if (leeway < TimeSpan.Zero || leeway > MaxLeeway)
            throw new ArgumentOutOfRangeException(nameof(leeway), leeway, $"The leeway must be from 0 to {MaxLeeway.TotalSeconds} s.");
    }

    /// <summary>Checks what depends on the call: audience and time.</summary>
    internal static JwtRejectionReason CheckClaims(JwtSvid svid, IReadOnlyCollection<string> audiences, DateTimeOffset now, TimeSpan? leeway) =>
        TokenRules.OfClaims.FindBroken(new(svid, audiences, now, leeway ?? DefaultLeeway));

    private static TokenReading Read(string token)
    {
        try
        {
            return new(JwtSvidReader.Read(token), JwtRejectionReason.None, null);
        }
        catch (FormatException e)
        {
            return new(null, e is JwtFormatException known ? known.Reason : JwtRejectionReason.Malformed, e.Message);
        }
    }

    /// <summary>Checks the signature of a token whose header was parsed. The payload is not checked.</summary>
    internal static JwtRejectionReason CheckSignature(string token, JwtHeader header, JwtBundle bundle)
    {
        if (header.KeyId is not { } keyId) return CheckAnyKey(token, header.Algorithm, bundle);

        // JWT-SVID §6.2: only the key with this 'kid'.
        if (bundle.Find(keyId) is not { } authority) return JwtRejectionReason.UnknownKey;
        if (!authority.Fits(header.Algorithm)) return JwtRejectionReason.WrongKeyType;
        return JwtSignature.IsBy(authority, header.Algorithm, token) ? JwtRejectionReason.None : JwtRejectionReason.BadSignature;
    }

    private static JwtRejectionReason CheckAnyKey(string token, JwtAlgorithm algorithm, JwtBundle bundle)
    {
        JwtAuthority[] fitting = [.. bundle.Authorities.Where(authority => authority.Fits(algorithm)).Take(MaxKeysTried)];
        if (fitting.Length == 0) return JwtRejectionReason.UnknownKey;
        return fitting.Any(authority => JwtSignature.IsBy(authority, algorithm, token)) ? JwtRejectionReason.None : JwtRejectionReason.BadSignature;
    }
}
