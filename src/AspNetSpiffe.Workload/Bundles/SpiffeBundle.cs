using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;

namespace AspNetSpiffe;

/// <summary>A trust domain's bundle as a document: the format in which federated trust domains publish and exchange trust bundles (SPIFFE Trust Domain and Bundle §4).</summary>
/// <remarks>Immutable and thread-safe.</remarks>
public sealed class SpiffeBundle : IEquatable<SpiffeBundle>
{
    /// <summary>The shortest refresh hint that a document can ask for: one minute. A shorter one is replaced by this.</summary>
    public static readonly TimeSpan MinRefreshHint = TimeSpan.FromMinutes(1);

    /// <summary>The longest refresh hint that a document can ask for: one day. A longer one is replaced by this.</summary>
    public static readonly TimeSpan MaxRefreshHint = TimeSpan.FromDays(1);

    /// <summary>Creates a bundle of X.509 and JWT authorities.</summary>
    /// <param name="x509">The CA certificates; may be empty.</param>
    /// <param name="jwt">The keys that sign tokens; may be empty.</param>
    /// <param name="sequence">The number of this version, higher with each change (§4.1.1).</param>
    /// <param name="refreshHint">How often consumers should fetch a new version, in whole seconds from <see cref="MinRefreshHint"/> to <see cref="MaxRefreshHint"/> (§4.1.2).</param>
    /// <exception cref="ArgumentException">The two are of different trust domains.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="refreshHint"/> is too short, too long, or has a fraction of a second.</exception>
    public SpiffeBundle(X509Bundle x509, JwtBundle jwt, ulong? sequence = null, TimeSpan? refreshHint = null)
        : this(x509, jwt, sequence, refreshHint, [])
    {
    }

    internal SpiffeBundle(X509Bundle x509, JwtBundle jwt, ulong? sequence, TimeSpan? refreshHint, ImmutableArray<string> remarks)
    {
        ArgumentNullException.ThrowIfNull(x509);
        ArgumentNullException.ThrowIfNull(jwt);
        if (x509.TrustDomain != jwt.TrustDomain) throw new ArgumentException($"A bundle belongs to one trust domain; these belong to '{x509.TrustDomain}' and '{jwt.TrustDomain}'.", nameof(jwt));
        if (refreshHint is { } hint && (hint < MinRefreshHint || hint > MaxRefreshHint || hint.Ticks % TimeSpan.TicksPerSecond != 0))
            throw new ArgumentOutOfRangeException(nameof(refreshHint), refreshHint, "Must be whole seconds, from one minute to one day.");
        (X509, Jwt, Sequence, RefreshHint, Remarks) = (x509, jwt, sequence, refreshHint, remarks);
    }

    /// <summary>Gets the trust domain.</summary>
    public TrustDomain TrustDomain => X509.TrustDomain;

    /// <summary>Gets the authorities that sign X509-SVIDs.</summary>
    public X509Bundle X509 { get; }

    /// <summary>Gets the keys that sign JWT-SVIDs.</summary>
    public JwtBundle Jwt { get; }

    /// <summary>Gets the number of this version, if it has one (§4.1.1).</summary>
    public ulong? Sequence { get; }

    /// <summary>Gets the refresh hint: how often consumers should fetch a new version, if set (§4.1.2): from <see cref="MinRefreshHint"/> to <see cref="MaxRefreshHint"/>.</summary>
    public TimeSpan? RefreshHint { get; }

    /// <summary>Gets the parts of the document that were ignored when it was read, one sentence each.</summary>
    public ImmutableArray<string> Remarks { get; }

    /// <summary>Reads a document. An invalid key is ignored and reported in <see cref="Remarks"/>; an invalid document is rejected as a whole.</summary>
    /// <param name="trustDomain">The trust domain that published it: a document does not say (§5.1.1).</param>
    /// <param name="utf8Json">The document, at most a megabyte.</param>
    /// <exception cref="FormatException">The document is not a bundle; the message says why.</exception>
    public static SpiffeBundle Parse(TrustDomain trustDomain, ReadOnlyMemory<byte> utf8Json)
    {
        ArgumentNullException.ThrowIfNull(trustDomain);
        return SpiffeBundleJson.Read(trustDomain, utf8Json);
    }

    /// <summary>Writes the document, as its publisher may serve it: UTF-8 JSON.</summary>
    /// <exception cref="NotSupportedException">An authority's key is neither RSA nor elliptic on P-256, P-384 or P-521.</exception>
    public byte[] ToUtf8Json() => SpiffeBundleJson.Write(this);

    /// <summary>Determines whether two bundles hold the same keys in the same order, with the same number and hint.</summary>
    public bool Equals([NotNullWhen(true)] SpiffeBundle? other) =>
        ReferenceEquals(this, other)
        || (other is not null && X509.Equals(other.X509) && Jwt.Equals(other.Jwt) && Sequence == other.Sequence && RefreshHint == other.RefreshHint);

    /// <inheritdoc/>
    public override bool Equals([NotNullWhen(true)] object? obj) => Equals(obj as SpiffeBundle);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(X509, Jwt, Sequence, RefreshHint);

    /// <summary>Returns the trust domain, the numbers of keys and the sequence.</summary>
    public override string ToString() => $"{TrustDomain} ({X509.Authorities.Length} X.509 and {Jwt.Authorities.Length} JWT authorities{(Sequence is { } number ? $", version {number}" : "")})";
}
