using System.Globalization;
using AspNetSpiffe.TestKit;
using BenchmarkDotNet.Attributes;

namespace AspNetSpiffe.Benchmarks;

/// <summary>From the bytes of an update of the Workload API to the snapshot that is published.</summary>
public class UpdateBenchmarks
{
    private byte[] _bytes = [];

    [Params(1, 1000)]
    public int Bundles { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        var (pki, key) = (new TestPki(), TestKey.Create(KeyKind.P256));
        var others = Enumerable.Range(1, Bundles - 1).Select(i => new TestPki(string.Create(CultureInfo.InvariantCulture, $"td{i}.example"), root: r => r with { WithKey = key }));
        _bytes = pki.ResponseBytes([pki.Leaf("/server")], [.. others]);
    }

    [Benchmark]
    public X509Context Read() => new X509ContextReader(TimeProvider.System, SpiffeLimits.Default).Read(Wire.X509SVIDResponse.Parser.ParseFrom(_bytes));
}
