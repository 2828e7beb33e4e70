using System.Collections.Immutable;
using System.Security.Cryptography.X509Certificates;
using Google.Protobuf;

namespace AspNetSpiffe.TestKit;

/// <summary>What a Workload API gives to one workload: an SVID, its bundle, and the bundles of other trust domains, each as the test says.</summary>
/// <param name="Svid">The SVID, with its key and intermediates.</param>
/// <param name="Authorities">The bundle of its trust domain.</param>
public sealed record TestIdentity(TestSvid Svid, params ImmutableArray<X509Certificate2> Authorities)
{
    private ImmutableDictionary<string, byte[]> Federated { get; init; } = ImmutableDictionary<string, byte[]>.Empty;

    /// <summary>Adds the bundle of another trust domain, by its name.</summary>
    public TestIdentity With(string trustDomain, params IEnumerable<X509Certificate2> authorities) =>
        this with { Federated = Federated.SetItem($"spiffe://{trustDomain}", TestPki.Der(authorities)) };

    internal IMessage ToWire()
    {
        var response = new Wire.X509SVIDResponse { Svids = { Svid.ToWire(Authorities) } };
        foreach (var (trustDomain, der) in Federated) response.FederatedBundles.Add(trustDomain, ByteString.CopyFrom(der));
        return response;
    }
}
