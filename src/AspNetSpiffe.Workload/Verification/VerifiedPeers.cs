using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace AspNetSpiffe;

/// <summary>Verifies the peers of handshakes and remembers the good ones: seen again, with the same bundles, they cost a hash and no chain.</summary>
/// <remarks>
/// Thread-safe. What is remembered was proved by these very certificates, to the byte and in this order, for this role and with these bundles, and counts while each
/// certificate of the chain is valid. Rejections are not remembered. That the peer holds the key, each handshake proves; whom we allow is asked each time.
/// </remarks>
internal sealed class VerifiedPeers(SpiffeLimits limits, int capacity = 10_000)
{
    /// <summary>What SslStream builds its chain with where that is not to count: it is done in no time, and downloads nothing.</summary>
    public static readonly X509ChainPolicy TrustNobody = new()
    {
        TrustMode = X509ChainTrustMode.CustomRootTrust,
        RevocationMode = X509RevocationMode.NoCheck,
        DisableCertificateDownloads = true,
    };

    private readonly VerifiedBefore<X509BundleSet, Presented, PeerProof> _known = new(capacity);
    private volatile bool _lastWasKnown;

    /// <summary>Gets how many peers are remembered; one that has come again lately may count twice.</summary>
    public int Count => _known.Count;

    /// <summary>Returns what SslStream is to build its chain with, before anyone knows who comes: probably a known peer after a known one.</summary>
    /// <remarks>It decides what a handshake costs, and nothing else: a chain that was not built with the bundle of the peer's trust domain counts for nothing.</remarks>
    public X509ChainPolicy ExpectPeer(X509Bundle ofOurOwn, DateTimeOffset now) => _lastWasKnown ? TrustNobody : ofOurOwn.CreateChainPolicy(now);

    /// <inheritdoc cref="X509SvidVerifier.VerifyBuilt"/>
    public VerificationResult Verify(X509Certificate2? leaf, X509Chain? chain, X509BundleSet bundles, PeerRole role, DateTimeOffset now) =>
        Find(leaf, chain?.ChainPolicy.ExtraStore, bundles, role, now, out var presented) ?? Remember(X509SvidVerifier.VerifyBuilt(leaf, chain, bundles, role, now, limits), bundles, presented);

    /// <inheritdoc cref="X509SvidVerifier.Verify"/>
    public VerificationResult Verify(X509Certificate2? leaf, X509Certificate2Collection intermediates, X509BundleSet bundles, PeerRole role, DateTimeOffset now) =>
        Find(leaf, intermediates, bundles, role, now, out var presented) ?? Remember(X509SvidVerifier.Verify(leaf, intermediates, bundles, role, now, limits), bundles, presented);

    private VerificationResult? Find(
        X509Certificate2? leaf, X509Certificate2Collection? others, X509BundleSet bundles, PeerRole role, DateTimeOffset now, out Presented? presented)
    {
        presented = Presented.Read(leaf, others, role, limits);
        if (presented is not { } key || _known.Find(bundles, key) is not { } proof || !proof.Chain.Contains(now)) return null;
        _lastWasKnown = true;
        return VerificationResult.Accept(new(leaf!, proof));
    }

    private VerificationResult Remember(VerificationResult result, X509BundleSet bundles, Presented? presented)
    {
        if (!result.Accepted || presented is not { } key) return result;
        _lastWasKnown = false;
        _known.Remember(bundles, key, result.Peer.Proof);
        return result;
    }

    /// <summary>All that a peer presented, as a hash of hashes, and the role in which it did.</summary>
    private readonly record struct Presented(Sha256 Certificates, PeerRole Role)
    {
        /// <returns><see langword="null"/> when the peer presented nothing, or more than it may.</returns>
        public static Presented? Read(X509Certificate2? leaf, X509Certificate2Collection? others, PeerRole role, SpiffeLimits limits)
        {
            if (leaf is null || others is null) return null;

            using var read = leaf.Share();
            if (CertificationPaths.CountPresented(read, others) > limits.MaxChainLength) return null;

            Span<byte> hashes = stackalloc byte[(1 + others.Count) * Sha256.Length];
            SHA256.HashData(read.RawDataMemory.Span, hashes);
            for (var i = 0; i < others.Count; i++) SHA256.HashData(others[i].RawDataMemory.Span, hashes[((i + 1) * Sha256.Length)..]);
            return new(Sha256.Of(hashes), role);
        }
    }
}
