using System.Runtime.InteropServices;

namespace AspNetSpiffe;

/// <summary>Verifies tokens and caches those that it accepts: one that comes again, while the bundle of its trust domain is the same, costs no signature check.</summary>
/// <remarks>Thread-safe. Only what cannot change is cached, the form and the signature: audience and times are checked each time.</remarks>
internal sealed class VerifiedTokens(int capacity = 10_000)
{
    // A common token has some 700 characters; a few long ones must not take the memory of many.
    private const int MaxLength = 2048;

    private readonly BoundedCache<Sha256, VerifiedToken> _known = new(capacity);

    /// <summary>Gets how many tokens are cached; one that came again recently may count twice.</summary>
    public int Count => _known.Count;

    /// <inheritdoc cref="JwtSvidVerifier.Verify"/>
    public JwtVerificationResult Verify(string token, JwtBundleSet bundles, IReadOnlyCollection<string> audiences, DateTimeOffset now, TimeSpan? leeway = null)
    {
        ArgumentNullException.ThrowIfNull(token);
        ArgumentNullException.ThrowIfNull(bundles);
        JwtSvidVerifier.CheckExpectations(audiences, leeway);
        if (token.Length > MaxLength) return JwtSvidVerifier.Verify(token, bundles, audiences, now, leeway);

        var hash = Sha256.Of(MemoryMarshal.AsBytes(token.AsSpan()));

        // A bundle is immutable, and one whose content has not changed is the same instance.
        if (_known.TryGet(hash, out var known) && ReferenceEquals(bundles.Find(known.Svid.Id.TrustDomain), known.Bundle))
            return JwtVerificationResult.Of(known.Svid, JwtSvidVerifier.CheckClaims(known.Svid, audiences, now, leeway), audiences);

        var result = JwtSvidVerifier.Verify(token, bundles, audiences, now, leeway);
        if (result.Accepted) _known.Set(hash, new(result.Svid, bundles.Find(result.Id.TrustDomain)!));
        return result;
    }

    private readonly record struct VerifiedToken(JwtSvid Svid, JwtBundle Bundle);
}
