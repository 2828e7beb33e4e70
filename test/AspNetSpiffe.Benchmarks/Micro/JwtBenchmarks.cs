using System.Globalization;
using AspNetSpiffe.TestKit;
using BenchmarkDotNet.Attributes;

namespace AspNetSpiffe.Benchmarks;

/// <summary>One validation of a JWT-SVID that came with a request, as the server does it.</summary>
public class JwtBenchmarks
{
    private const string Us = "spiffe://example.org/ns/shop/sa/cart";
    private const int Many = 64;

    // Of so many tokens it remembers none until it comes again.
    private readonly VerifiedTokens _forgetful = new(capacity: Many / 4), _tokens = new();
    private string[] _new = [];
    private JwtBundleSet _bundles = new([]);
    private int _next;

    [Params("ES256", "RS256")]
    public string Algorithm { get; set; } = "";

    [GlobalSetup]
    public void Setup()
    {
        var key = TestKey.Create(Algorithm == "RS256" ? KeyKind.Rsa2048 : KeyKind.P256);
        _bundles = new([new(TrustDomain.Parse("example.org"), [new("k1", key.PublicKey)])]);
        _new = [.. Enumerable.Range(0, Many).Select(i => Token(i).SignedBy(key, Algorithm))];
        if (!NewToken().Accepted || !TokenSeenBefore().Accepted) throw new InvalidOperationException("A good token is refused.");
    }

    [Benchmark]
    public JwtVerificationResult NewToken() => _forgetful.Verify(_new[_next++ % Many], _bundles, [Us], TimeProvider.System.GetUtcNow());

    [Benchmark]
    public JwtVerificationResult TokenSeenBefore() => _tokens.Verify(_new[0], _bundles, [Us], TimeProvider.System.GetUtcNow());

    private TestToken Token(int number) =>
        TestToken.For(string.Create(CultureInfo.InvariantCulture, $"spiffe://example.org/ns/shop/sa/client-{number}"), Us) with { Header = $$"""{"alg":"{{Algorithm}}","kid":"k1","typ":"JWT"}""" };
}
