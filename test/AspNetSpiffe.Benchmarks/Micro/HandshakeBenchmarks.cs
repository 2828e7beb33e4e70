using System.Security.Cryptography.X509Certificates;
using AspNetSpiffe.TestKit;
using BenchmarkDotNet.Attributes;

namespace AspNetSpiffe.Benchmarks;

/// <summary>What a handshake asks of us, and the chain that SslStream builds before: of a peer that was seen before, and of a new one.</summary>
public class HandshakeBenchmarks
{
    private const int Many = 8;

    // Of so many peers it remembers none until it comes again.
    private readonly VerifiedPeers _forgetful = new(SpiffeLimits.Default, capacity: 2), _peers = new(SpiffeLimits.Default);
    private readonly TestPki _pki = new();
    private readonly X509BundleSet _bundles;
    private TestSvid[] _clients = [];
    private int _next;

    public HandshakeBenchmarks() => _bundles = new([_pki.Bundle]);

    [Params(false, true)]
    public bool Intermediate { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        var issuer = Intermediate ? _pki.Root.Intermediate() : _pki.Root;
        _clients = [.. Enumerable.Range(0, Many).Select(i => issuer.Leaf($"/ns/shop/sa/cart-{i}"))];
        if (!NewPeer().Accepted || !KnownPeer().Accepted) throw new InvalidOperationException("A good peer is refused.");
    }

    [Benchmark(Baseline = true)]
    public VerificationResult NewPeer() => Verify(_forgetful, _clients[_next++ % Many]);

    [Benchmark]
    public VerificationResult KnownPeer() => Verify(_peers, _clients[0]);

    private VerificationResult Verify(VerifiedPeers peers, TestSvid client)
    {
        var now = TimeProvider.System.GetUtcNow();
        using var chain = new X509Chain { ChainPolicy = peers.ExpectPeer(_pki.Bundle, now).Clone() };
        foreach (var intermediate in client.Intermediates) chain.ChainPolicy.ExtraStore.Add(intermediate);
        chain.Build(client.Leaf);
        var result = peers.Verify(client.Leaf, chain, _bundles, PeerRole.Client, now);
        PathValidation.DisposeElements(chain);
        return result;
    }
}
