using BenchmarkDotNet.Attributes;

namespace AspNetSpiffe.Benchmarks;

/// <summary>Reading a SPIFFE ID, and asking a pattern for it.</summary>
public class IdentityBenchmarks
{
    private const string Text = "spiffe://example.org/ns/shop/sa/cart";

    private readonly SpiffeId _id = SpiffeId.Parse(Text);
    private readonly SpiffeIdPattern _exact = SpiffeIdPattern.Parse(Text);
    private readonly SpiffeIdPattern _prefix = SpiffeIdPattern.Parse("spiffe://example.org/ns/shop/**");
    private readonly SpiffeIdPattern _wildcard = SpiffeIdPattern.Parse("spiffe://example.org/ns/*/sa/cart");

    [Benchmark]
    public SpiffeId ParseId() => SpiffeId.Parse(Text);

    [Benchmark]
    public bool MatchExact() => _exact.Matches(_id);

    [Benchmark]
    public bool MatchPrefix() => _prefix.Matches(_id);

    [Benchmark]
    public bool MatchWildcard() => _wildcard.Matches(_id);
}
