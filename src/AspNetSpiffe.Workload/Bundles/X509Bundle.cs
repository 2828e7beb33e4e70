using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace AspNetSpiffe;

/// <summary>The CA certificates that verify the X509-SVIDs of one trust domain, and of no other (SPIFFE Trust Domain and Bundle §3).</summary>
/// <remarks>A bundle without authorities trusts nobody. Immutable, and so safe to share between threads.</remarks>
public sealed class X509Bundle : IEquatable<X509Bundle>
{
    // The authorities one after the other, and never given away: what was checked is what is decoded later.
    private readonly byte[] _der;

    private readonly int _count;
    private readonly Action<string>? _remark;

    private Anchors? _anchors;

    /// <summary>Makes a bundle of CA certificates.</summary>
    /// <param name="trustDomain">The trust domain whose SVIDs the authorities verify.</param>
    /// <param name="authorities">CA certificates, self-signed or not. The bundle keeps them: do not dispose them.</param>
    /// <exception cref="ArgumentException">A certificate is no CA: its basic constraints do not say cA=true.</exception>
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

    /// <summary>Reads a bundle from PEM: CA certificates, one after the other.</summary>
    /// <param name="trustDomain">The trust domain whose SVIDs the authorities verify.</param>
    /// <param name="certificates">The text, with comments between the certificates at most.</param>
    /// <exception cref="FormatException">It cannot be read, holds something else, or a certificate that is no CA.</exception>
    public static X509Bundle CreateFromPem(TrustDomain trustDomain, ReadOnlySpan<char> certificates)
    {
        ArgumentNullException.ThrowIfNull(trustDomain);
        var bundle = Read(trustDomain, PemBlocks.ReadCertificates(Encoding.UTF8.GetBytes(certificates.ToArray())), out var leftOut);
        return leftOut == 0 ? bundle : throw new FormatException($"The bundle of '{trustDomain}' has a certificate that is no CA.");
    }

    /// <summary>Gets the trust domain whose SVIDs the authorities verify.</summary>
    public TrustDomain TrustDomain { get; }

    /// <summary>Gets the CA certificates, in the order in which they came. They belong to the bundle: do not dispose them.</summary>
    public ImmutableArray<X509Certificate2> Authorities => (_anchors ?? Decode()).Authorities;

    /// <summary>Gets how many authorities there are.</summary>
    internal int Count => _remark is null ? _count : Authorities.Length;

    /// <summary>Gets how many certificates there are, without decoding them: one that turns out to be none, or no CA, counts until then.</summary>
    internal int CertificateCount => _anchors?.Authorities.Length ?? DerSequence.Count(_der);

    /// <summary>Gets whether its certificates have been decoded at some time, so that there is no doubt about them.</summary>
    internal bool IsProven => _remark is null || _anchors is { Authorities.IsEmpty: false };

    /// <summary>Gets whether the certificates are in memory, and not only their bytes.</summary>
    internal bool IsDecoded => _anchors is not null;

    /// <summary>Reads concatenated DER; a certificate that is no CA is left out, for a leaf among the anchors would verify itself (X509-SVID §3.2).</summary>
    /// <exception cref="FormatException">The bytes are not certificates, one after the other.</exception>
    internal static X509Bundle Read(TrustDomain trustDomain, ReadOnlySpan<byte> der, out int leftOut)
    {
        var certificates = DerSequence.ReadCertificates(der).ToLookup(IsCa);
        leftOut = certificates[false].Count();
        Dispose(certificates[false]);
        return new(trustDomain, certificates[true].ToImmutableArray());
    }

    /// <summary>Reads as <see cref="Read"/> does, and keeps the bytes only: of many trust domains most never send us a peer.</summary>
    /// <exception cref="FormatException">The bytes are not certificates, one after the other.</exception>
    internal static X509Bundle ReadFederated(TrustDomain trustDomain, ReadOnlySpan<byte> der, out int leftOut)
    {
        var decoded = Read(trustDomain, der, out leftOut);
        Dispose(decoded.Authorities);
        return new(decoded);
    }

    /// <summary>Keeps the bytes of a federated bundle until it is first needed; only the frames of its certificates are checked before.</summary>
    /// <param name="trustDomain">Whose bundle it is.</param>
    /// <param name="der">Its certificates.</param>
    /// <param name="remark">Hears what is wrong with them. A bundle that turns out to be none trusts nobody.</param>
    /// <exception cref="FormatException">The bytes are not DER values, one after the other.</exception>
    internal static X509Bundle ReadLater(TrustDomain trustDomain, ReadOnlySpan<byte> der, Action<string> remark)
    {
        DerSequence.Check(der);
        return new(trustDomain, der.ToArray(), remark);
    }

    /// <summary>Tells an operator of certificates that no bundle may have.</summary>
    internal static string DescribeLeftOut(TrustDomain trustDomain, int leftOut) =>
        $"The bundle of '{trustDomain}' has {leftOut} {(leftOut == 1 ? "certificate that is" : "certificates that are")} no CA; only the others count.";

    /// <summary>Makes the policy for one chain build against these authorities, and no others: no downloads, no revocation traffic.</summary>
    internal X509ChainPolicy CreateChainPolicy(DateTimeOffset now)
    {
        var policy = (_anchors ?? Decode()).Policy.Clone();
        policy.VerificationTime = now.UtcDateTime;
        return policy;
    }

    /// <summary>Makes the policy for one chain build that may end at one of these authorities only.</summary>
    internal X509ChainPolicy CreateChainPolicy(DateTimeOffset now, X509Certificate2 authority)
    {
        var policy = CreateChainPolicy(now);
        policy.CustomTrustStore.Clear();
        policy.CustomTrustStore.Add(authority);
        return policy;
    }

    /// <summary>Says whether a policy is one of ours: exactly these authorities are its trust, the very instances.</summary>
    internal bool IsIn(X509ChainPolicy policy)
    {
        // Before the certificates are decoded, nobody has a policy with them.
        if (_anchors is not { Authorities: var authorities }) return false;
        if (policy.TrustMode != X509ChainTrustMode.CustomRootTrust || policy.CustomTrustStore.Count != authorities.Length) return false;
        for (var i = 0; i < authorities.Length; i++)
            if (!ReferenceEquals(policy.CustomTrustStore[i], authorities[i]))
                return false;

        return true;
    }

    /// <summary>Says whether it was read from these very bytes.</summary>
    internal bool IsOf(ReadOnlySpan<byte> der) => der.SequenceEqual(_der);

    /// <summary>Says whether a certificate is one of our authorities, byte for byte.</summary>
    internal bool Contains(X509Certificate2 certificate) => DerSequence.Contains(_der, certificate.RawDataMemory.Span) && (_remark is null || Find(certificate) is not null);

    /// <summary>Finds our own instance of a certificate, if it is one of our authorities, byte for byte.</summary>
    internal X509Certificate2? Find(X509Certificate2 certificate)
    {
        foreach (var own in Authorities)
            if (own.RawDataMemory.Span.SequenceEqual(certificate.RawDataMemory.Span))
                return own;

        return null;
    }

    /// <summary>Says whether two bundles are of the same trust domain and hold the same certificates in the same order.</summary>
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

    /// <summary>Gives the trust domain and the number of authorities.</summary>
    public override string ToString() => $"{TrustDomain} ({Count} authorities)";

    // Whoever comes first decodes for all: certificates are compared by instance, so there is one set of them.
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
            problem = $"The bundle of '{TrustDomain}' cannot be read, and its workloads are refused. {e.Message}";
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
                throw new ArgumentException($"The bundle of '{trustDomain}' has a certificate that is no CA: '{authority.Subject}'.", nameof(authorities));

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

                // Without this, a stranger's certificate makes us fetch the URL that it names, before anyone is asked.
                DisableCertificateDownloads = true,
            };
            foreach (var authority in authorities) Policy.CustomTrustStore.Add(authority);
        }

        public ImmutableArray<X509Certificate2> Authorities { get; }

        public X509ChainPolicy Policy { get; }
    }
}
