using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography.X509Certificates;

namespace AspNetSpiffe;

/// <summary>A key with which a trust domain signs JWT-SVIDs, and its name (JWT-SVID §6).</summary>
/// <remarks>Immutable, and so safe to share between threads.</remarks>
public sealed class JwtAuthority : IEquatable<JwtAuthority>
{
    /// <summary>Makes an authority.</summary>
    /// <param name="keyId">The name under which tokens refer to the key, their <c>kid</c>; not empty.</param>
    /// <param name="publicKey">The public key, RSA or elliptic.</param>
    /// <exception cref="ArgumentException"><paramref name="keyId"/> is empty.</exception>
    public JwtAuthority(string keyId, PublicKey publicKey)
    {
        ArgumentException.ThrowIfNullOrEmpty(keyId);
        ArgumentNullException.ThrowIfNull(publicKey);
        (KeyId, PublicKey) = (keyId, publicKey);
    }

    /// <summary>Gets the name under which tokens refer to the key: their <c>kid</c>.</summary>
    public string KeyId { get; }

    /// <summary>Gets the public key.</summary>
    public PublicKey PublicKey { get; }

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
}
