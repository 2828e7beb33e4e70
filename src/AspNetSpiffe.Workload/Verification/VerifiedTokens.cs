using System.Runtime.InteropServices;

namespace AspNetSpiffe;

/// <summary>Verifies tokens with a cache of valid signatures: a token that is presented again needs no signature check while the bundle of its trust domain is the same.</summary>
/// <remarks>Thread-safe. Only form and signature are cached, which cannot change; audience and validity period are checked each time.</remarks>
internal sealed class VerifiedTokens(int capacity = 10_000)
{
    // A typical token has some 700 characters; longer ones than this are not cached, to bound the memory.
    private const int MaxLength = 2048;

    private readonly BoundedCache<Sha256, VerifiedToken> _known = new(capacity);

    /// <summary>Gets the number of cached tokens; a recently used one may count twice.</summary>
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
