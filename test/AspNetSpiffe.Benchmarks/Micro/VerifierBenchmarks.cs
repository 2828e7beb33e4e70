using System.Globalization;
using System.Security.Cryptography.X509Certificates;
using AspNetSpiffe.TestKit;
using BenchmarkDotNet.Attributes;

namespace AspNetSpiffe.Benchmarks;

/// <summary>One verification of a peer, with the chain build; in a handshake SslStream's own build serves.</summary>
public class VerifierBenchmarks
{
    private readonly TestPki _pki = new();
    private X509BundleSet _bundles = new([]);
    private X509Certificate2? _leaf, _leafBelow;
    private X509Certificate2Collection _intermediates = [];

    [Params(1, 100, 10_000)]
    public int TrustDomains { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        var below = _pki.Root.Intermediate().Leaf("/ns/shop/sa/cart");
        (_leaf, _leafBelow, _intermediates) = (_pki.Leaf("/ns/shop/sa/cart").Leaf, below.Leaf, [.. below.Intermediates]);

        var key = TestKey.Create(KeyKind.P256);
        var others = Enumerable.Range(1, TrustDomains - 1)
            .Select(i => new TestPki(string.Create(CultureInfo.InvariantCulture, $"td{i}.example"), root: r => r with { WithKey = key }).Bundle);
        _bundles = new([_pki.Bundle, .. others]);
        if (!Leaf().Accepted || !LeafAndIntermediate().Accepted) throw new InvalidOperationException("A good peer is refused.");
    }

    [Benchmark]
    public VerificationResult Leaf() => X509SvidVerifier.Verify(_leaf, [], _bundles, PeerRole.Client, TimeProvider.System.GetUtcNow());

    [Benchmark]
    public VerificationResult LeafAndIntermediate() => X509SvidVerifier.Verify(_leafBelow, _intermediates, _bundles, PeerRole.Client, TimeProvider.System.GetUtcNow());
}
