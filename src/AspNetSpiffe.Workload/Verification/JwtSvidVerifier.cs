using System.Collections.Immutable;

namespace AspNetSpiffe;

/// <summary>Says whether a token is a valid JWT-SVID for us, against the bundle of its subject's trust domain (JWT-SVID §4). Never throws for what a stranger sent.</summary>
/// <remarks>Thread-safe. Touches neither network nor disk.</remarks>
public static class JwtSvidVerifier
{
    // JWT-SVID §2.2 lets a token name no key; what that costs has a limit.
    private const int MaxKeysTried = 8;

    private static readonly TimeSpan DefaultLeeway = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan MaxLeeway = TimeSpan.FromSeconds(60);

    /// <summary>Verifies a token.</summary>
    /// <param name="token">The token in compact form, without the authentication scheme.</param>
    /// <param name="bundles">The trust domains that we know.</param>
    /// <param name="audiences">The accepted audiences: the token must have at least one of these, exactly as written.</param>
    /// <param name="now">The time at which the token must be valid.</param>
    /// <param name="leeway">By how much clocks may differ: 30 seconds by default, and at most 60.</param>
    /// <exception cref="ArgumentException">There is no audience, one is empty, or the leeway is out of its range.</exception>
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
    /// <remarks>The rules and their order are those of <see cref="Verify"/>: its reason is that of the first rule that is broken here.</remarks>
    /// <param name="token">The token in compact form, without the authentication scheme.</param>
    /// <param name="bundles">The trust domains that we know; <see langword="null"/> leaves out the signature.</param>
    /// <param name="audiences">The accepted audiences; empty skips the check of the audience.</param>
    /// <param name="now">The time at which the token must be valid.</param>
    /// <param name="leeway">By how much clocks may differ: 30 seconds by default, and at most 60.</param>
    /// <exception cref="ArgumentException">An audience is empty, or the leeway is out of its range.</exception>
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

    /// <summary>Checks what the caller asks for: an error in it must not look like a bad token.</summary>
    /// <exception cref="ArgumentException">There is no audience, one is empty, or the leeway is out of its range.</exception>
    internal static void CheckExpectations(IReadOnlyCollection<string> audiences, TimeSpan? leeway)
    {
        ArgumentNullException.ThrowIfNull(audiences);
        if (audiences.Count == 0 || audiences.Any(string.IsNullOrEmpty))
            throw new ArgumentException("A token is verified for at least one audience, and none may be empty: use the audience that the callers of this service request.", nameof(audiences));
        if (leeway < TimeSpan.Zero || leeway > MaxLeeway)
            throw new ArgumentOutOfRangeException(nameof(leeway), leeway, $"The leeway must be from 0 to {MaxLeeway.TotalSeconds} s.");
    }

    /// <summary>Checks what may change from call to call: for whom the token is, and when.</summary>
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

    /// <summary>Checks the signature of a token whose header was read, whatever its payload.</summary>
    internal static JwtRejectionReason CheckSignature(string token, JwtHeader header, JwtBundle bundle)
    {
        if (header.KeyId is not { } keyId) return CheckAnyKey(token, header.Algorithm, bundle);

        // JWT-SVID §6.2: that key and no other.
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
