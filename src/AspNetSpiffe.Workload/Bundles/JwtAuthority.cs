using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace AspNetSpiffe;

/// <summary>A public key that verifies the JWT-SVIDs of a trust domain, with its key ID (JWT-SVID §6).</summary>
/// <remarks>Immutable and thread-safe.</remarks>
public sealed class JwtAuthority : IEquatable<JwtAuthority>
{
    // Importing a key takes longer than a verification, and the framework's key objects are not thread-safe: a pool of them.
    private readonly ConcurrentQueue<AsymmetricAlgorithm> _idleKeys = new();

    /// <summary>Creates an authority.</summary>
    /// <param name="keyId">The key ID, which tokens name as their <c>kid</c>; not empty.</param>
    /// <param name="publicKey">The public key: RSA of 2048 to 8192 bits, or EC on P-256, P-384 or P-521.</param>
    /// <param name="algorithm">The only algorithm whose signatures the key verifies, such as <c>PS256</c> (RFC 7517 §4.4); <see langword="null"/> for all algorithms of the key type.</param>
    /// <exception cref="ArgumentException"><paramref name="keyId"/> is empty, the key is of another type or size, or the algorithm is unknown or does not match the key type.</exception>
    public JwtAuthority(string keyId, PublicKey publicKey, string? algorithm = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(keyId);
        ArgumentNullException.ThrowIfNull(publicKey);

        // A bundle created in code must follow the same rules as one that was parsed.
        KeyType = JwtKeyTypes.Find(publicKey)
            ?? throw new ArgumentException($"The key {SpiffeIdProblem.Quote(keyId)} cannot verify JWT-SVIDs: use RSA of {JsonWebKeys.MinRsaBits} to {JsonWebKeys.MaxRsaBits} bits, or P-256, P-384 or P-521.", nameof(publicKey));
        if (algorithm is not null && !(JwtAlgorithms.TryParse(algorithm, out var known) && JwtAlgorithms.KeyTypeOf(known) == KeyType))
            throw new ArgumentException($"The algorithm {SpiffeIdProblem.Quote(algorithm)} is unknown, or does not match the key {SpiffeIdProblem.Quote(keyId)}.", nameof(algorithm));
        (KeyId, PublicKey, Algorithm) = (keyId, publicKey, algorithm);
    }

    /// <summary>Gets the key ID, which tokens name as their <c>kid</c>.</summary>
    public string KeyId { get; }

    /// <summary>Gets the public key.</summary>
    public PublicKey PublicKey { get; }

    /// <summary>Gets the only algorithm whose signatures the key verifies (RFC 7517 §4.4, RFC 8725 §3.1).</summary>
    /// <value><see langword="null"/>: all algorithms of the key type.</value>
    public string? Algorithm { get; }

    internal JwtKeyType KeyType { get; }

    /// <summary>Determines whether two authorities have the same key ID, key and algorithm.</summary>
    public bool Equals([NotNullWhen(true)] JwtAuthority? other) =>
        ReferenceEquals(this, other)
        || (other is not null
            && string.Equals(KeyId, other.KeyId, StringComparison.Ordinal)
            && string.Equals(Algorithm, other.Algorithm, StringComparison.Ordinal)
            && PublicKey.ExportSubjectPublicKeyInfo().AsSpan().SequenceEqual(other.PublicKey.ExportSubjectPublicKeyInfo()));

    /// <inheritdoc/>
    public override bool Equals([NotNullWhen(true)] object? obj) => Equals(obj as JwtAuthority);

    /// <inheritdoc/>
    public override int GetHashCode() => string.GetHashCode(KeyId, StringComparison.Ordinal);

    /// <summary>Returns the key ID.</summary>
    public override string ToString() => KeyId;

    /// <summary>Determines whether the key may verify signatures of an algorithm.</summary>
    internal bool Fits(JwtAlgorithm algorithm) => JwtAlgorithms.KeyTypeOf(algorithm) == KeyType && (Algorithm is null || Algorithm == algorithm.ToString());

    /// <summary>Calls a function with a pooled key object of the framework: <see cref="RSA"/> or <see cref="ECDsa"/>, according to <see cref="KeyType"/>.</summary>
    internal T Use<T>(Func<AsymmetricAlgorithm, T> use)
    {
        if (!_idleKeys.TryDequeue(out var key)) key = KeyType == JwtKeyType.Rsa ? PublicKey.GetRSAPublicKey()! : PublicKey.GetECDsaPublicKey()!;
        var result = use(key);
        _idleKeys.Enqueue(key);
        return result;
    }
}
