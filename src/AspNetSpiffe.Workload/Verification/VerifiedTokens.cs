using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace AspNetSpiffe;

/// <summary>Verifies tokens and remembers the good ones: seen again, with the same bundles, they cost no signature check.</summary>
/// <remarks>
/// Thread-safe. Only what cannot change is remembered, the form and the signature: for whom a token is, and when, is checked each time.
/// Whatever is remembered was verified with <see cref="_bundles"/>; other bundles find nothing.
/// </remarks>
internal sealed class VerifiedTokens(int capacity = 10_000)
{
    // A common token has some 700 characters; a few long ones must not take the memory of many.
    private const int MaxLength = 2048;

    private readonly Lock _lock = new();
    private JwtBundleSet? _bundles;

    // When the young ones are half of all, they become the old ones, and those are forgotten: whoever comes again stays.
    private Dictionary<TokenHash, JwtSvid> _young = [];
    private Dictionary<TokenHash, JwtSvid> _old = [];

    /// <summary>Gets how many tokens are remembered; one that has come again lately may count twice.</summary>
    public int Count
    {
        get
        {
            lock (_lock) return _young.Count + _old.Count;
        }
    }

    /// <inheritdoc cref="JwtSvidVerifier.Verify"/>
    public JwtVerificationResult Verify(string token, JwtBundleSet bundles, IReadOnlyCollection<string> audiences, DateTimeOffset now, TimeSpan? leeway = null)
    {
        ArgumentNullException.ThrowIfNull(token);
        ArgumentNullException.ThrowIfNull(bundles);
        JwtSvidVerifier.CheckExpectations(audiences, leeway);
        if (token.Length > MaxLength) return JwtSvidVerifier.Verify(token, bundles, audiences, now, leeway);

        var hash = TokenHash.Of(token);
        if (Find(hash, bundles) is { } known) return JwtVerificationResult.Of(known, JwtSvidVerifier.CheckClaims(known, audiences, now, leeway));

        var result = JwtSvidVerifier.Verify(token, bundles, audiences, now, leeway);
        if (result.Accepted) Remember(hash, result.Svid, bundles);
        return result;
    }

    private JwtSvid? Find(TokenHash hash, JwtBundleSet bundles)
    {
        lock (_lock)
        {
            if (_bundles != bundles) return null;
            if (!_young.TryGetValue(hash, out var svid) && _old.TryGetValue(hash, out svid)) Add(hash, svid);
            return svid;
        }
    }

    private void Remember(TokenHash hash, JwtSvid svid, JwtBundleSet bundles)
    {
        lock (_lock)
        {
            if (_bundles != bundles) (_bundles, _young, _old) = (bundles, [], []);
            Add(hash, svid);
        }
    }

    private void Add(TokenHash hash, JwtSvid svid)
    {
        if (_young.Count >= capacity / 2) (_young, _old) = ([], _young);
        _young[hash] = svid;
    }

    /// <summary>The SHA-256 of all characters of a token.</summary>
    private readonly record struct TokenHash(UInt128 First, UInt128 Second)
    {
        public static TokenHash Of(string token)
        {
            Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
            SHA256.HashData(MemoryMarshal.AsBytes(token.AsSpan()), hash);
            return MemoryMarshal.Read<TokenHash>(hash);
        }
    }
}
