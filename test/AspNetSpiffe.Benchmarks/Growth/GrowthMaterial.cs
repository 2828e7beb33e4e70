using System.Globalization;
using System.Security.Cryptography.X509Certificates;
using AspNetSpiffe.TestKit;

namespace AspNetSpiffe.Benchmarks;

/// <summary>Identities with many federated bundles, each with a CA of its own.</summary>
internal sealed class GrowthMaterial : IDisposable
{
    // One key for all, which changes nothing for whoever reads them.
    private readonly TestKey _key = TestKey.Create(KeyKind.P256);
    private readonly List<X509Certificate2> _bundles = [];

    public Material Material { get; } = new();

    /// <summary>Gives the server's identity with so many federated bundles; that of the peers of <see cref="Material"/> is one of them.</summary>
    public TestIdentity Identity(int bundles)
    {
        var identity = Material.Identity(trustDomains: 2);
        for (var i = 1; i < bundles; i++) identity = identity.With(NameOf(i), BundleOf(i));
        return identity;
    }

    /// <summary>Gives the identity after a renewal of the SVID, with other bundles for some trust domains.</summary>
    public TestIdentity Renewed(TestIdentity identity, int changed)
    {
        identity = identity with { Svid = Material.Renewed().Svid };
        for (var i = 1; i <= changed; i++) identity = identity.With(NameOf(i), NewBundle(i));
        return identity;
    }

    public void Dispose() => Material.Dispose();

    private static string NameOf(int i) => string.Create(CultureInfo.InvariantCulture, $"td{i}.example");

    private X509Certificate2 BundleOf(int i)
    {
        while (_bundles.Count < i) _bundles.Add(NewBundle(_bundles.Count + 1));
        return _bundles[i - 1];
    }

    private X509Certificate2 NewBundle(int i) => new TestPki(NameOf(i), root: r => r with { WithKey = _key }).Root.Certificate;
}
