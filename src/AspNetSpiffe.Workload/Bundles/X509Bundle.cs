using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace AspNetSpiffe;

/// <summary>The trust bundle for the X509-SVIDs of one trust domain: its CA certificates (SPIFFE Trust Domain and Bundle §3).</summary>
/// <remarks>A bundle without authorities is valid: it verifies no peer. Immutable and thread-safe.</remarks>
public sealed class X509Bundle : IEquatable<X509Bundle>
{
    // The authorities as concatenated DER. Never exposed, so the bytes that were checked are those that are decoded later.
    private readonly byte[] _der;

    private readonly int _count;
    private readonly Action<string>? _remark;

    private Anchors? _anchors;

    /// <summary>Creates a bundle of CA certificates.</summary>
    /// <param name="trustDomain">The trust domain whose SVIDs the authorities verify.</param>
    /// <param name="authorities">CA certificates, self-signed or not. The bundle keeps them: do not dispose them.</param>
    /// <exception cref="ArgumentException">A certificate is not a CA: its basic constraints do not have cA=true.</exception>
    public X509Bundle(TrustDomain trustDomain, IEnumerable<X509Certificate2> authorities)
        : this(trustDomain, Check(trustDomain, authorities))
    {
    }

    private X509Bundle(TrustDomain trustDomain, ImmutableArray<X509Certificate2> authorities)
    {
        TrustDomain = trustDomain;
        _count = authorities.Length;
        _der = [.. authorities.SelectMany(a => a.RawData)];
        _anchors = new(authorities);
    }

    private X509Bundle(X509Bundle decoded) => (TrustDomain, _count, _der) = (decoded.TrustDomain, decoded._count, decoded._der);

    private X509Bundle(TrustDomain trustDomain, byte[] der, Action<string> remark) => (TrustDomain, _der, _remark) = (trustDomain, der, remark);

    /// <summary>Parses a bundle from PEM: one or more CA certificates.</summary>
    /// <param name="trustDomain">The trust domain whose SVIDs the authorities verify.</param>
    /// <param name="certificates">The PEM text. Text between the certificates is ignored.</param>
    /// <exception cref="FormatException">The text cannot be read, or contains something else than CA certificates.</exception>
    public static X509Bundle CreateFromPem(TrustDomain trustDomain, ReadOnlySpan<char> certificates)
    {
        ArgumentNullException.ThrowIfNull(trustDomain);
        var bundle = Read(trustDomain, PemBlocks.ReadCertificates(Encoding.UTF8.GetBytes(certificates.ToArray())), out var leftOut);
        return leftOut == 0 ? bundle : throw new FormatException($"The bundle of '{trustDomain}' has a certificate that is not a CA.");
    }

    /// <summary>Gets the trust domain whose SVIDs the authorities verify.</summary>
    public TrustDomain TrustDomain { get; }

    /// <summary>Gets the CA certificates, in their original order. The bundle owns them: do not dispose them.</summary>
    public ImmutableArray<X509Certificate2> Authorities => (_anchors ?? Decode()).Authorities;

    /// <summary>Gets the number of authorities.</summary>
    internal int Count => _remark is null ? _count : Authorities.Length;

    /// <summary>Gets the number of certificates without decoding them. An invalid certificate, or one that is not a CA, counts until it is decoded.</summary>
    internal int CertificateCount => _anchors?.Authorities.Length ?? DerSequence.Count(_der);

    /// <summary>Gets whether the certificates have been decoded once, and so are known to be valid.</summary>
    internal bool IsProven => _remark is null || _anchors is { Authorities.IsEmpty: false };

    /// <summary>Gets whether the decoded certificates are in memory, not only their bytes.</summary>
    internal bool IsDecoded => _anchors is not null;

    /// <summary>Parses concatenated DER. A certificate that is not a CA is ignored: a leaf among the trust anchors would verify itself (X509-SVID §3.2).</summary>
    /// <exception cref="FormatException">The bytes are not certificates, one after the other.</exception>
    internal static X509Bundle Read(TrustDomain trustDomain, ReadOnlySpan<byte> der, out int leftOut)
    {
        var certificates = DerSequence.ReadCertificates(der).ToLookup(IsCa);
        leftOut = certificates[false].Count();
        Dispose(certificates[false]);
        return new(trustDomain, certificates[true].ToImmutableArray());
    }

    /// <summary>Parses as <see cref="Read"/> does, but keeps the bytes only: most federated trust domains never send us a peer.</summary>
    /// <exception cref="FormatException">The bytes are not certificates, one after the other.</exception>
    internal static X509Bundle ReadFederated(TrustDomain trustDomain, ReadOnlySpan<byte> der, out int leftOut)
    {
        var decoded = Read(trustDomain, der, out leftOut);
        Dispose(decoded.Authorities);
        return new(decoded);
    }

    /// <summary>Keeps the bytes of a federated bundle and decodes them on first use; until then only the DER lengths are checked.</summary>
    /// <param name="trustDomain">The trust domain of the bundle.</param>
    /// <param name="der">The certificates as concatenated DER.</param>
    /// <param name="remark">Receives what is wrong with them. A bundle that turns out to be invalid verifies no peer.</param>
    /// <exception cref="FormatException">The bytes are not DER values, one after the other.</exception>
    internal static X509Bundle ReadLater(TrustDomain trustDomain, ReadOnlySpan<byte> der, Action<string> remark)
    {
        DerSequence.Check(der);
        return new(trustDomain, der.ToArray(), remark);
    }

    /// <summary>Describes ignored certificates, for an operator.</summary>
    internal static string DescribeLeftOut(TrustDomain trustDomain, int leftOut) =>
        $"The bundle of '{trustDomain}' has {leftOut} {(leftOut == 1 ? "certificate that is" : "certificates that are")} not a CA; only the others are used.";

    /// <summary>Creates the policy for one chain build against these authorities only, without downloads or revocation traffic.</summary>
    internal X509ChainPolicy CreateChainPolicy(DateTimeOffset now)
    {
        var policy = (_anchors ?? Decode()).Policy.Clone();
        policy.VerificationTime = now.UtcDateTime;
        return policy;
    }

    /// <summary>Creates the policy for one chain build that may end at this one authority only.</summary>
    internal X509ChainPolicy CreateChainPolicy(DateTimeOffset now, X509Certificate2 authority)
    {
        var policy = CreateChainPolicy(now);
        policy.CustomTrustStore.Clear();
        policy.CustomTrustStore.Add(authority);
        return policy;
    }

    /// <summary>Determines whether the trust anchors of a policy are exactly these authorities, compared by instance.</summary>
    internal bool IsIn(X509ChainPolicy policy)
    {
        // Before the certificates are decoded, no policy can contain them.
        if (_anchors is not { Authorities: var authorities }) return false;
        if (policy.TrustMode != X509ChainTrustMode.CustomRootTrust || policy.CustomTrustStore.Count != authorities.Length) return false;
        for (var i = 0; i < authorities.Length; i++)
            if (!ReferenceEquals(policy.CustomTrustStore[i], authorities[i]))
                return false;

        return true;
    }

    /// <summary>Determines whether the bundle was read from exactly these bytes.</summary>
    internal bool IsOf(ReadOnlySpan<byte> der) => der.SequenceEqual(_der);

    /// <summary>Determines whether a certificate is one of the authorities, compared byte for byte.</summary>
    internal bool Contains(X509Certificate2 certificate) => DerSequence.Contains(_der, certificate.RawDataMemory.Span) && (_remark is null || Find(certificate) is not null);

    /// <summary>Finds the authority that equals a certificate byte for byte, as the bundle's own instance.</summary>
    internal X509Certificate2? Find(X509Certificate2 certificate)
    {
        foreach (var own in Authorities)
            if (own.RawDataMemory.Span.SequenceEqual(certificate.RawDataMemory.Span))
                return own;

        return null;
    }

    /// <summary>Determines whether two bundles are of the same trust domain and hold the same certificates in the same order.</summary>
    public bool Equals([NotNullWhen(true)] X509Bundle? other) =>
        ReferenceEquals(this, other) || (other is not null && TrustDomain == other.TrustDomain && _der.AsSpan().SequenceEqual(other._der));

    /// <inheritdoc/>
    public override bool Equals([NotNullWhen(true)] object? obj) => Equals(obj as X509Bundle);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        var hash = new HashCode();
        hash.Add(TrustDomain);
        hash.AddBytes(_der);
        return hash.ToHashCode();
    }

    /// <summary>Returns the trust domain and the number of authorities.</summary>
    public override string ToString() => $"{TrustDomain} ({Count} authorities)";

    // The first thread decodes for all: certificates are compared by instance, so there must be only one set.
    private Anchors Decode()
    {
        var decoded = new Anchors(ReadAuthorities(out var problem));
        if (Interlocked.CompareExchange(ref _anchors, decoded, null) is { } first)
        {
            Dispose(decoded.Authorities);
            return first;
        }

        if (problem is not null) _remark?.Invoke(problem);
        return decoded;
    }

    private ImmutableArray<X509Certificate2> ReadAuthorities(out string? problem)
    {
        problem = null;
        try
        {
            var authorities = Read(TrustDomain, _der, out var leftOut)._anchors!.Authorities;
            if (leftOut > 0) problem = DescribeLeftOut(TrustDomain, leftOut);
            return authorities;
        }
        catch (FormatException e)
        {
            problem = $"The bundle of '{TrustDomain}' cannot be read, and peers of that trust domain are rejected. {e.Message}";
            return [];
        }
    }

    private static void Dispose(IEnumerable<X509Certificate2> certificates)
    {
        foreach (var certificate in certificates) certificate.Dispose();
    }

    private static ImmutableArray<X509Certificate2> Check(TrustDomain trustDomain, IEnumerable<X509Certificate2> authorities)
    {
        ArgumentNullException.ThrowIfNull(trustDomain);
        ArgumentNullException.ThrowIfNull(authorities);
        ImmutableArray<X509Certificate2> given = [.. authorities];

        foreach (var authority in given)
            if (!IsCa(authority))
                throw new ArgumentException($"The bundle of '{trustDomain}' has a certificate that is not a CA: '{authority.Subject}'.", nameof(authorities));

        return given;
    }

    private static bool IsCa(X509Certificate2 certificate) => CertificateUsage.TryRead(certificate, out var usage) && usage.IsCa;

    private sealed class Anchors
    {
        public Anchors(ImmutableArray<X509Certificate2> authorities)
        {
            Authorities = authorities;
            Policy = new()
            {
                TrustMode = X509ChainTrustMode.CustomRootTrust,
                RevocationMode = X509RevocationMode.NoCheck,

                // Without this, an unauthenticated peer's certificate makes us fetch the URL that it contains (AIA).
                DisableCertificateDownloads = true,
            };
            foreach (var authority in authorities) Policy.CustomTrustStore.Add(authority);
        }

        public ImmutableArray<X509Certificate2> Authorities { get; }

        public X509ChainPolicy Policy { get; }
    }
}
