using System.Globalization;
using BenchmarkDotNet.Attributes;

namespace AspNetSpiffe.Benchmarks;

/// <summary>Patterns of many alternatives, of which the last one matches.</summary>
public class AlternativesBenchmarks
{
    private readonly SpiffeId _id = SpiffeId.Parse("spiffe://example.org/ns/shop/sa/cart");
    private SpiffeIdPattern _ids = SpiffeIdPattern.Any, _prefixes = SpiffeIdPattern.Any, _wildcards = SpiffeIdPattern.Any;

    [Params(1, 10, 1000)]
    public int Alternatives { get; set; }

    [GlobalSetup]
    public void Setup() => (_ids, _prefixes, _wildcards) = (Pattern("{0}/sa/cart", "shop"), Pattern("{0}/**", "shop"), Pattern("{0}/*/cart", "shop"));

    [Benchmark]
    public bool Ids() => _ids.Matches(_id);

    [Benchmark]
    public bool Prefixes() => _prefixes.Matches(_id);

    [Benchmark]
    public bool Wildcards() => _wildcards.Matches(_id);

    private SpiffeIdPattern Pattern(string form, string last)
    {
        var names = Enumerable.Range(1, Alternatives - 1).Select(i => string.Create(CultureInfo.InvariantCulture, $"team-{i}")).Append(last);
        return SpiffeIdPattern.Parse(string.Join(',', names.Select(name => "spiffe://example.org/ns/" + string.Format(CultureInfo.InvariantCulture, form, name))));
    }
}
