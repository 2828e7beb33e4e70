using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Text.Json;

namespace AspNetSpiffe;

/// <summary>The trust bundle for the JWT-SVIDs of one trust domain: its public keys (JWT-SVID §6). They verify tokens and nothing else.</summary>
/// <remarks>A bundle without keys is valid: it verifies no token. Immutable and thread-safe.</remarks>
public sealed class JwtBundle : IEquatable<JwtBundle>
{
    // A key takes some 600 bytes.
    private const int MaxDocumentLength = 1024 * 1024;

    // Each invalid entry costs an exception and a remark.
    private const int MaxKeys = 1000;

    private readonly FrozenDictionary<string, JwtAuthority> _byKeyId;

    /// <summary>Creates a bundle.</summary>
    /// <param name="trustDomain">The trust domain whose tokens these keys verify.</param>
    /// <param name="authorities">The keys, each with a different key ID.</param>
    /// <exception cref="ArgumentException">Two keys have the same key ID.</exception>
    public JwtBundle(TrustDomain trustDomain, IEnumerable<JwtAuthority> authorities)
    {
        ArgumentNullException.ThrowIfNull(trustDomain);
        ArgumentNullException.ThrowIfNull(authorities);
        TrustDomain = trustDomain;
        Authorities = [.. authorities];
        _byKeyId = Authorities.ToFrozenDictionary(authority => authority.KeyId, StringComparer.Ordinal);
        if (_byKeyId.Count != Authorities.Length) throw new ArgumentException($"Two keys of '{trustDomain}' have the same key ID.", nameof(authorities));
    }

    /// <summary>Gets the trust domain whose tokens these keys verify.</summary>
    public TrustDomain TrustDomain { get; }

    /// <summary>Gets the keys in their order.</summary>
    public ImmutableArray<JwtAuthority> Authorities { get; }

    /// <summary>Finds the key with a key ID.</summary>
    /// <returns>The key; <see langword="null"/> when there is none, and a token with this <c>kid</c> cannot be verified.</returns>
    public JwtAuthority? Find(string keyId) => _byKeyId.GetValueOrDefault(keyId);

    /// <summary>Parses a JWK Set (SPIFFE Trust Domain and Bundle §4). An invalid entry is ignored; an invalid document is rejected as a whole.</summary>
    /// <param name="trustDomain">The trust domain it belongs to.</param>
    /// <param name="jwkSet">The document.</param>
    /// <param name="acceptMissingUse">Whether a key without <c>use</c> is accepted: SPIRE's Workload API omits it, a bundle document must not.</param>
    /// <param name="remarks">Receives a message for the operator about each ignored entry.</param>
    /// <exception cref="FormatException">The document is not a JWK Set; the message says why.</exception>
    internal static JwtBundle Read(TrustDomain trustDomain, ReadOnlyMemory<byte> jwkSet, bool acceptMissingUse, ICollection<string> remarks)
    {
        if (jwkSet.Length > MaxDocumentLength) throw new FormatException($"The JWK Set has {jwkSet.Length} bytes; the limit is {MaxDocumentLength}.");
        return StrictJson.ReadObject(jwkSet, "The JWK Set", document =>
        {
            // §4.1.3: a document without 'keys' is rejected; an empty 'keys' trusts nothing.
            if (!document.TryGetProperty("keys", out var keys) || keys.ValueKind != JsonValueKind.Array) throw new FormatException("The JWK Set has no list of 'keys'.");
            if (keys.GetArrayLength() > MaxKeys) throw new FormatException($"The JWK Set has {keys.GetArrayLength()} keys; the limit is {MaxKeys}.");

            var authorities = new OrderedDictionary<string, JwtAuthority>(StringComparer.Ordinal);
            foreach (var jwk in keys.EnumerateArray())
                if (ReadAuthority(trustDomain, jwk, acceptMissingUse, remarks) is { } authority && !authorities.TryAdd(authority.KeyId, authority))
                    remarks.Add($"The JWT bundle of '{trustDomain}' has a second key with the 'kid' {SpiffeIdProblem.Quote(authority.KeyId)}; the first one is used.");

            return new JwtBundle(trustDomain, authorities.Values);
        });
    }

    /// <summary>Determines whether two bundles are of the same trust domain and hold the same keys in the same order.</summary>
    public bool Equals([NotNullWhen(true)] JwtBundle? other) =>
        ReferenceEquals(this, other)
        || (other is not null && TrustDomain == other.TrustDomain && Authorities.AsSpan().SequenceEqual(other.Authorities.AsSpan()));

    /// <inheritdoc/>
    public override bool Equals([NotNullWhen(true)] object? obj) => Equals(obj as JwtBundle);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(TrustDomain, Authorities.Length);

    /// <summary>Returns the trust domain and the number of keys.</summary>
    public override string ToString() => $"{TrustDomain} ({Authorities.Length} keys)";

    private static JwtAuthority? ReadAuthority(TrustDomain trustDomain, JsonElement jwk, bool acceptMissingUse, ICollection<string> remarks) =>
        StrictJson.ReadEntry($"A key in the JWT bundle of '{trustDomain}'", remarks, () =>
        {
            if (jwk.ValueKind != JsonValueKind.Object) throw new FormatException("it is not a JSON object.");
            if (!IsForTokens(jwk, acceptMissingUse)) return null;

            var keyId = StrictJson.FindText(jwk, "kid");
            if (string.IsNullOrEmpty(keyId)) throw new FormatException("it has no 'kid'.");

            var key = JsonWebKeys.ReadPublicKey(jwk);
            JwkCertificate.CheckAny(jwk, key);
            return new JwtAuthority(keyId, key, JwkPurpose.Read(jwk, key)?.ToString());
        });

    // §4.2.2: a key of X509-SVIDs or WIT-SVIDs is valid, and ignored here.
    private static bool IsForTokens(JsonElement jwk, bool acceptMissingUse)
    {
        if (!jwk.TryGetProperty("use", out var use)) return acceptMissingUse ? true : throw new FormatException("it has no 'use'.");
        if (use.ValueKind != JsonValueKind.String) throw new FormatException("its 'use' is not a string.");
        return use.GetString() switch
        {
            "jwt-svid" => true,
            "x509-svid" or "wit-svid" => false,
            var other => throw new FormatException($"its 'use' {SpiffeIdProblem.Quote(other)} is unknown."),
        };
    }
}
