using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace AspNetSpiffe;

/// <summary>A key with which a trust domain signs JWT-SVIDs, and its name (JWT-SVID §6).</summary>
/// <remarks>Immutable, and so safe to share between threads.</remarks>
public sealed class JwtAuthority : IEquatable<JwtAuthority>
{
    // To import a key takes longer than to verify with it, and the framework's keys are for one thread at a time.
    private readonly ConcurrentQueue<AsymmetricAlgorithm> _idleKeys = new();

    /// <summary>Creates an authority.</summary>
    /// <param name="keyId">The name under which tokens refer to the key, their <c>kid</c>; not empty.</param>
    /// <param name="publicKey">The public key: RSA of 2048 to 8192 bits, or elliptic on P-256, P-384 or P-521.</param>
    /// <param name="algorithm">The one algorithm whose signatures the key verifies, such as <c>PS256</c> (RFC 7517 §4.4); <see langword="null"/> for all that go with the key.</param>
    /// <exception cref="ArgumentException"><paramref name="keyId"/> is empty, the key is of another kind, or the algorithm is unknown or does not go with the key.</exception>
    public JwtAuthority(string keyId, PublicKey publicKey, string? algorithm = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(keyId);
        ArgumentNullException.ThrowIfNull(publicKey);

        // A bundle made by hand is held to the rules of one that was read.
        KeyType = JwtKeyTypes.Find(publicKey)
            ?? throw new ArgumentException($"The key {SpiffeIdProblem.Quote(keyId)} cannot verify JWT-SVIDs: use RSA of {JsonWebKeys.MinRsaBits} to {JsonWebKeys.MaxRsaBits} bits, or P-256, P-384 or P-521.", nameof(publicKey));
        if (algorithm is not null && !(JwtAlgorithms.TryParse(algorithm, out var known) && JwtAlgorithms.KeyTypeOf(known) == KeyType))
            throw new ArgumentException($"The algorithm {SpiffeIdProblem.Quote(algorithm)} is unknown, or does not match the key {SpiffeIdProblem.Quote(keyId)}.", nameof(algorithm));
        (KeyId, PublicKey, Algorithm) = (keyId, publicKey, algorithm);
    }

    /// <summary>Gets the name under which tokens refer to the key: their <c>kid</c>.</summary>
    public string KeyId { get; }

    /// <summary>Gets the public key.</summary>
    public PublicKey PublicKey { get; }

    /// <summary>Gets the one algorithm whose signatures the key verifies, and no others (RFC 7517 §4.4, RFC 8725 §3.1).</summary>
    /// <value><see langword="null"/>: all that go with the key.</value>
    public string? Algorithm { get; }

    internal JwtKeyType KeyType { get; }

    /// <summary>Says whether two authorities have the same name, the same key and the same algorithm.</summary>
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

    /// <summary>Says whether the key may verify signatures of an algorithm.</summary>
    internal bool Fits(JwtAlgorithm algorithm) => JwtAlgorithms.KeyTypeOf(algorithm) == KeyType && (Algorithm is null || Algorithm == algorithm.ToString());

    /// <summary>Lets the framework's form of the key do something: <see cref="RSA"/> or <see cref="ECDsa"/>, as <see cref="KeyType"/> says.</summary>
    internal T Use<T>(Func<AsymmetricAlgorithm, T> use)
    {
        if (!_idleKeys.TryDequeue(out var key)) key = KeyType == JwtKeyType.Rsa ? PublicKey.GetRSAPublicKey()! : PublicKey.GetECDsaPublicKey()!;
        var result = use(key);
        _idleKeys.Enqueue(key);
        return result;
    }
}
