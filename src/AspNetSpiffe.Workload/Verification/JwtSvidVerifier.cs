using System.Diagnostics.CodeAnalysis;

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
    /// <param name="token">The token in compact form, without the scheme that it came with.</param>
    /// <param name="bundles">The trust domains that we know.</param>
    /// <param name="audiences">Who we are: the token must be addressed to at least one of these, exactly as written.</param>
    /// <param name="now">The time at which the token must be valid.</param>
    /// <param name="leeway">By how much clocks may differ: 30 seconds by default, and at most 60.</param>
    /// <exception cref="ArgumentException">There is no audience, one is empty, or the leeway is out of its range.</exception>
    public static JwtVerificationResult Verify(
        string token, JwtBundleSet bundles, IReadOnlyCollection<string> audiences, DateTimeOffset now, TimeSpan? leeway = null)
    {
        ArgumentNullException.ThrowIfNull(token);
        ArgumentNullException.ThrowIfNull(bundles);
        CheckExpectations(audiences, leeway);

        if (!TryRead(token, out var svid, out var reason)) return JwtVerificationResult.Reject(reason);
        reason = CheckClaims(svid, audiences, now, leeway);
        if (reason == JwtRejectionReason.None) reason = CheckSignature(svid, bundles);
        return JwtVerificationResult.Of(svid, reason, audiences);
    }

    /// <summary>Checks what the caller asks for: a mistake in it must not look like a bad token.</summary>
    /// <exception cref="ArgumentException">There is no audience, one is empty, or the leeway is out of its range.</exception>
    internal static void CheckExpectations(IReadOnlyCollection<string> audiences, TimeSpan? leeway)
    {
        ArgumentNullException.ThrowIfNull(audiences);
        if (audiences.Count == 0 || audiences.Any(string.IsNullOrEmpty))
            throw new ArgumentException("A token is verified for at least one audience, and none may be empty: name this service as its callers do.", nameof(audiences));
        if (leeway < TimeSpan.Zero || leeway > MaxLeeway)
            throw new ArgumentOutOfRangeException(nameof(leeway), leeway, $"The leeway must be from 0 to {MaxLeeway.TotalSeconds} s.");
    }

    /// <summary>Checks what may change from call to call: for whom the token is, and when.</summary>
    internal static JwtRejectionReason CheckClaims(JwtSvid svid, IReadOnlyCollection<string> audiences, DateTimeOffset now, TimeSpan? leeway)
    {
        if (svid.Id.Path.Length == 0) return JwtRejectionReason.RootPath;

        // Ordinal, whatever comparer the caller's collection has.
        if (!svid.Audiences.Any(audience => audiences.Any(ours => ours == audience))) return JwtRejectionReason.NotAddressedToUs;

        // RFC 7519 §4.1.4, §4.1.5. Differences of times cannot overflow, sums can.
        var most = leeway ?? DefaultLeeway;
        if (now - svid.ExpiresAt >= most) return JwtRejectionReason.Expired;
        return svid.NotBefore - now > most ? JwtRejectionReason.NotYetValid : JwtRejectionReason.None;
    }

    private static bool TryRead(string token, [NotNullWhen(true)] out JwtSvid? svid, out JwtRejectionReason reason)
    {
        (svid, reason) = (null, JwtRejectionReason.None);
        try
        {
            svid = JwtSvidReader.Read(token);
            return true;
        }
        catch (FormatException e)
        {
            reason = e is JwtFormatException known ? known.Reason : JwtRejectionReason.Malformed;
            return false;
        }
    }

    // Workload API §6.3: the bundle of its own trust domain, or nobody's.
    private static JwtRejectionReason CheckSignature(JwtSvid svid, JwtBundleSet bundles) =>
        bundles.Find(svid.Id.TrustDomain) is { } bundle ? CheckSignature(svid.Token, svid.Header, bundle) : JwtRejectionReason.UnknownTrustDomain;

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
