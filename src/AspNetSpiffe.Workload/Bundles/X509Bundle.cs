using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography.X509Certificates;

namespace AspNetSpiffe;

/// <summary>The CA certificates that verify the X509-SVIDs of one trust domain, and of no other (SPIFFE Trust Domain and Bundle §3).</summary>
/// <remarks>A bundle without authorities trusts nobody. Immutable, and so safe to share between threads.</remarks>
public sealed class X509Bundle : IEquatable<X509Bundle>
{
    private readonly X509ChainPolicy _policy;

    /// <summary>Makes a bundle of CA certificates.</summary>
    /// <param name="trustDomain">The trust domain whose SVIDs the authorities verify.</param>
    /// <param name="authorities">CA certificates, self-signed or not. The bundle keeps them: do not dispose them.</param>
    /// <exception cref="ArgumentException">A certificate is no CA: its basic constraints do not say cA=true.</exception>
    public X509Bundle(TrustDomain trustDomain, IEnumerable<X509Certificate2> authorities)
    {
        ArgumentNullException.ThrowIfNull(trustDomain);
        ArgumentNullException.ThrowIfNull(authorities);
        TrustDomain = trustDomain;
        Authorities = [.. authorities];

        foreach (var authority in Authorities)
            if (!IsCa(authority))
                throw new ArgumentException($"The bundle of '{trustDomain}' has a certificate that is no CA: '{authority.Subject}'.", nameof(authorities));

        HasUnrootedAuthority = Authorities.Any(a => !IsSelfIssued(a));
        _policy = CreatePolicy();
    }

    /// <summary>Gets the trust domain whose SVIDs the authorities verify.</summary>
    public TrustDomain TrustDomain { get; }

    /// <summary>Gets the CA certificates, in the order in which they came. They belong to the bundle: do not dispose them.</summary>
    public ImmutableArray<X509Certificate2> Authorities { get; }

    // X509-SVID §6.1: an authority need not be self-signed. OpenSSL then calls the chain partial, and we look for the authority ourselves.
    internal bool HasUnrootedAuthority { get; }

    /// <summary>Reads concatenated DER; a certificate that is no CA is left out, for a leaf among the anchors would verify itself (X509-SVID §3.2).</summary>
    /// <exception cref="FormatException">The bytes are not certificates, one after the other.</exception>
    internal static X509Bundle Read(TrustDomain trustDomain, ReadOnlySpan<byte> der, out int leftOut)
    {
        var certificates = DerSequence.ReadCertificates(der);
        leftOut = certificates.RemoveAll(c => !IsCa(c));
        return new(trustDomain, certificates);
    }

    /// <summary>Makes the policy for one chain build against these authorities, and no others: no downloads, no revocation traffic.</summary>
    internal X509ChainPolicy CreateChainPolicy(DateTimeOffset now)
    {
        var policy = _policy.Clone();
        policy.VerificationTime = now.UtcDateTime;
        return policy;
    }

    /// <summary>Says whether a policy is one of ours: exactly these authorities are its trust, the very instances.</summary>
    internal bool IsIn(X509ChainPolicy policy)
    {
        if (policy.TrustMode != X509ChainTrustMode.CustomRootTrust || policy.CustomTrustStore.Count != Authorities.Length) return false;
        for (var i = 0; i < Authorities.Length; i++)
            if (!ReferenceEquals(policy.CustomTrustStore[i], Authorities[i]))
                return false;

        return true;
    }

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
        ReferenceEquals(this, other)
        || (other is not null && TrustDomain == other.TrustDomain
            && Authorities.Length == other.Authorities.Length
            && Authorities.Zip(other.Authorities).All(pair => pair.First.RawDataMemory.Span.SequenceEqual(pair.Second.RawDataMemory.Span)));

    /// <inheritdoc/>
    public override bool Equals([NotNullWhen(true)] object? obj) => Equals(obj as X509Bundle);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        var hash = new HashCode();
        hash.Add(TrustDomain);
        foreach (var authority in Authorities) hash.AddBytes(authority.SerialNumberBytes.Span);
        return hash.ToHashCode();
    }

    /// <summary>Gives the trust domain and the number of authorities.</summary>
    public override string ToString() => $"{TrustDomain} ({Authorities.Length} authorities)";

    private X509ChainPolicy CreatePolicy()
    {
        var policy = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            RevocationMode = X509RevocationMode.NoCheck,

            // Without this, a stranger's certificate makes us fetch the URL that it names, before anyone is asked.
            DisableCertificateDownloads = true,

            // Never IgnoreInvalidName: it would also hide a violated name constraint.
            VerificationFlags = HasUnrootedAuthority ? X509VerificationFlags.AllowUnknownCertificateAuthority : X509VerificationFlags.NoFlag,
        };
        foreach (var authority in Authorities) policy.CustomTrustStore.Add(authority);
        return policy;
    }

    private static bool IsCa(X509Certificate2 certificate) => CertificateUsage.TryRead(certificate, out var usage) && usage.IsCa;

    private static bool IsSelfIssued(X509Certificate2 certificate) =>
        certificate.SubjectName.RawData.AsSpan().SequenceEqual(certificate.IssuerName.RawData);
}
