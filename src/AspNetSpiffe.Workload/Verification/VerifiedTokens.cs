using System.Runtime.InteropServices;

namespace AspNetSpiffe;

/// <summary>Verifies tokens and remembers the good ones: seen again, with the same bundles, they cost no signature check.</summary>
/// <remarks>Thread-safe. Only what cannot change is remembered, the form and the signature: for whom a token is, and when, is checked each time.</remarks>
internal sealed class VerifiedTokens(int capacity = 10_000)
{
    // A common token has some 700 characters; a few long ones must not take the memory of many.
    private const int MaxLength = 2048;

    private readonly VerifiedBefore<JwtBundleSet, Sha256, JwtSvid> _known = new(capacity);

    /// <summary>Gets how many tokens are remembered; one that has come again lately may count twice.</summary>
    public int Count => _known.Count;

    /// <inheritdoc cref="JwtSvidVerifier.Verify"/>
    public JwtVerificationResult Verify(string token, JwtBundleSet bundles, IReadOnlyCollection<string> audiences, DateTimeOffset now, TimeSpan? leeway = null)
    {
        ArgumentNullException.ThrowIfNull(token);
        ArgumentNullException.ThrowIfNull(bundles);
        JwtSvidVerifier.CheckExpectations(audiences, leeway);
        if (token.Length > MaxLength) return JwtSvidVerifier.Verify(token, bundles, audiences, now, leeway);

        var hash = Sha256.Of(MemoryMarshal.AsBytes(token.AsSpan()));
        if (_known.Find(bundles, hash) is { } known) return JwtVerificationResult.Of(known, JwtSvidVerifier.CheckClaims(known, audiences, now, leeway), audiences);

        var result = JwtSvidVerifier.Verify(token, bundles, audiences, now, leeway);
        if (result.Accepted) _known.Remember(bundles, hash, result.Svid);
        return result;
    }
}
