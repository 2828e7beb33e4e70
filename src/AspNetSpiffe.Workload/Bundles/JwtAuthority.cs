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

    /// <summary>Makes an authority.</summary>
    /// <param name="keyId">The name under which tokens refer to the key, their <c>kid</c>; not empty.</param>
    /// <param name="publicKey">The public key: RSA of 2048 to 8192 bits, or elliptic on P-256, P-384 or P-521.</param>
    /// <exception cref="ArgumentException"><paramref name="keyId"/> is empty, or the key is of another kind.</exception>
    public JwtAuthority(string keyId, PublicKey publicKey)
    {
        ArgumentException.ThrowIfNullOrEmpty(keyId);
        ArgumentNullException.ThrowIfNull(publicKey);
        KeyType = FindType(publicKey)
            ?? throw new ArgumentException($"The key {SpiffeIdProblem.Quote(keyId)} can verify no JWT-SVID: use RSA of {JsonWebKeys.MinRsaBits} to {JsonWebKeys.MaxRsaBits} bits, or P-256, P-384 or P-521.", nameof(publicKey));
        (KeyId, PublicKey) = (keyId, publicKey);
    }

    /// <summary>Gets the name under which tokens refer to the key: their <c>kid</c>.</summary>
    public string KeyId { get; }

    /// <summary>Gets the public key.</summary>
    public PublicKey PublicKey { get; }

    internal JwtKeyType KeyType { get; }

    /// <summary>Says whether two authorities have the same name and the same key.</summary>
    public bool Equals([NotNullWhen(true)] JwtAuthority? other) =>
        ReferenceEquals(this, other)
        || (other is not null
            && string.Equals(KeyId, other.KeyId, StringComparison.Ordinal)
            && PublicKey.ExportSubjectPublicKeyInfo().AsSpan().SequenceEqual(other.PublicKey.ExportSubjectPublicKeyInfo()));

    /// <inheritdoc/>
    public override bool Equals([NotNullWhen(true)] object? obj) => Equals(obj as JwtAuthority);

    /// <inheritdoc/>
    public override int GetHashCode() => string.GetHashCode(KeyId, StringComparison.Ordinal);

    /// <summary>Gives the key's name.</summary>
    public override string ToString() => KeyId;

    /// <summary>Lets the framework's form of the key do something: <see cref="RSA"/> or <see cref="ECDsa"/>, as <see cref="KeyType"/> says.</summary>
    internal T Use<T>(Func<AsymmetricAlgorithm, T> use)
    {
        if (!_idleKeys.TryDequeue(out var key)) key = KeyType == JwtKeyType.Rsa ? PublicKey.GetRSAPublicKey()! : PublicKey.GetECDsaPublicKey()!;
        var result = use(key);
        _idleKeys.Enqueue(key);
        return result;
    }

    // A bundle made by hand is held to the rules of one that was read.
    private static JwtKeyType? FindType(PublicKey key)
    {
        try
        {
            using var rsa = key.GetRSAPublicKey();
            if (rsa is not null) return IsAllowed(rsa) ? JwtKeyType.Rsa : null;

            using var elliptic = key.GetECDsaPublicKey();
            return elliptic is null ? null : FindType(elliptic);
        }
        catch (Exception e) when (e is CryptographicException or PlatformNotSupportedException)
        {
            return null;
        }
    }

    private static bool IsAllowed(RSA key) =>
        key.KeySize is >= JsonWebKeys.MinRsaBits and <= JsonWebKeys.MaxRsaBits
        && JsonWebKeys.IsSafeExponent(key.ExportParameters(includePrivateParameters: false).Exponent);

    private static JwtKeyType? FindType(ECDsa key) =>
        key.ExportParameters(includePrivateParameters: false).Curve is not { IsNamed: true } curve ? null
        : curve.Oid.Value == ECCurve.NamedCurves.nistP256.Oid.Value ? JwtKeyType.P256
        : curve.Oid.Value == ECCurve.NamedCurves.nistP384.Oid.Value ? JwtKeyType.P384
        : curve.Oid.Value == ECCurve.NamedCurves.nistP521.Oid.Value ? JwtKeyType.P521
        : null;
}
