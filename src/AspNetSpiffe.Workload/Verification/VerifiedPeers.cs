using System.Runtime.InteropServices;
using System.Security.Cryptography.X509Certificates;

namespace AspNetSpiffe;

/// <summary>Verifies the peers of handshakes and caches those that it accepts: one that comes again, while the bundle of its trust domain is the same, costs a hash and no chain.</summary>
/// <remarks>
/// Thread-safe. A cached result was proved by these very certificates, to the byte and in this order, for this role and with this bundle, and counts while each
/// certificate of the chain is valid. Rejections are not cached. Each handshake proves that the peer holds the key, and allowed peers are checked each time.
/// </remarks>
internal sealed class VerifiedPeers(SpiffeLimits limits, int capacity = 10_000)
{
    /// <summary>The policy for the chain that SslStream builds where that chain is not used: it is built quickly, and downloads nothing.</summary>
    public static readonly X509ChainPolicy TrustNobody = new()
    {
        TrustMode = X509ChainTrustMode.CustomRootTrust,
        RevocationMode = X509RevocationMode.NoCheck,
        DisableCertificateDownloads = true,
    };

    private readonly BoundedCache<Presented, PeerProof> _known = new(capacity);
    private volatile bool _lastWasKnown;

    /// <summary>Gets how many peers are cached; one that came again recently may count twice.</summary>
    public int Count => _known.Count;

    /// <summary>Returns what SslStream is to build its chain with, before anyone knows who comes: probably a known peer after a known one.</summary>
    /// <remarks>It decides what a handshake costs, and nothing else: a chain that was not built with the bundle of the peer's trust domain counts for nothing.</remarks>
    public X509ChainPolicy ExpectPeer(X509Bundle ofOurOwn, DateTimeOffset now) => _lastWasKnown ? TrustNobody : ofOurOwn.CreateChainPolicy(now);

    /// <inheritdoc cref="X509SvidVerifier.VerifyBuilt"/>
    public VerificationResult Verify(X509Certificate2? leaf, X509Chain? chain, X509BundleSet bundles, PeerRole role, DateTimeOffset now) =>
        Find(leaf, chain?.ChainPolicy.ExtraStore, bundles, role, now, out var presented) ?? Remember(X509SvidVerifier.VerifyBuilt(leaf, chain, bundles, role, now, limits), presented);

    /// <inheritdoc cref="X509SvidVerifier.Verify"/>
    public VerificationResult Verify(X509Certificate2? leaf, X509Certificate2Collection intermediates, X509BundleSet bundles, PeerRole role, DateTimeOffset now) =>
        Find(leaf, intermediates, bundles, role, now, out var presented) ?? Remember(X509SvidVerifier.Verify(leaf, intermediates, bundles, role, now, limits), presented);

    private VerificationResult? Find(
        X509Certificate2? leaf, X509Certificate2Collection? others, X509BundleSet bundles, PeerRole role, DateTimeOffset now, out Presented? presented)
    {
        presented = Presented.Read(leaf, others, role, limits);
        if (presented is not { } key || !_known.TryGet(key, out var proof)) return null;

        // A bundle is immutable, and one whose content has not changed is the same instance.
        if (!ReferenceEquals(bundles.Find(proof.Id.TrustDomain), proof.Bundle) || !proof.Chain.Contains(now)) return null;
        _lastWasKnown = true;
        return VerificationResult.Accept(new(leaf!, proof));
    }

    private VerificationResult Remember(VerificationResult result, Presented? presented)
    {
        if (!result.Accepted || presented is not { } key) return result;
        _lastWasKnown = false;
        _known.Set(key, result.Peer.Proof);
        return result;
    }

    /// <summary>The SHA-256 of the SHA-256 of each certificate that a peer presented, and the role in which it did.</summary>
    private readonly record struct Presented(Sha256 Certificates, PeerRole Role)
    {
        /// <returns><see langword="null"/> when the peer presented nothing, or more than it may.</returns>
        public static Presented? Read(X509Certificate2? leaf, X509Certificate2Collection? others, PeerRole role, SpiffeLimits limits)
        {
            // The others may include the leaf.
            if (leaf is null || others is null || others.Count > limits.MaxChainLength) return null;

            Span<Sha256> hashes = stackalloc Sha256[1 + others.Count];
            hashes[0] = Sha256.OfDer(leaf);
            for (var i = 0; i < others.Count; i++) hashes[i + 1] = Sha256.OfDer(others[i]);
            return new(Sha256.Of(MemoryMarshal.AsBytes(hashes)), role);
        }
    }
}
