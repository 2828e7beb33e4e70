using System.Collections.Immutable;
using System.Security.Cryptography.X509Certificates;
using Google.Protobuf;

namespace AspNetSpiffe.TestKit;

/// <summary>The certificates of one trust domain: a root, intermediates below it, and any leaf, valid or not.</summary>
/// <remarks>
/// <c>new TestPki("example.org").Leaf("/web")</c> is a valid X509-SVID; <c>pki.Leaf(l => l with { Ca = true })</c> is one that is not.
/// Nothing is checked and nothing is normalised. Safe to share between tests that do not dispose its certificates.
/// </remarks>
public sealed class TestPki
{
    /// <summary>Creates a root and the wanted number of intermediates below it.</summary>
    /// <param name="trustDomain">The name of the trust domain.</param>
    /// <param name="intermediates">How many authorities stand between root and leaf.</param>
    /// <param name="root">Changes the root.</param>
    public TestPki(string trustDomain = "example.org", int intermediates = 0, Func<CertificateSpec, CertificateSpec>? root = null)
    {
        TrustDomain = TrustDomain.Parse(trustDomain);
        Root = CreateRoot(root);
        Issuer = Root;
        for (var i = 0; i < intermediates; i++) Issuer = Issuer.Intermediate();
    }

    /// <summary>Gets the trust domain.</summary>
    public TrustDomain TrustDomain { get; }

    /// <summary>Gets the root.</summary>
    public TestAuthority Root { get; }

    /// <summary>Gets who issues the leafs: the lowest intermediate, or the root.</summary>
    public TestAuthority Issuer { get; }

    /// <summary>Gets the authorities of the trust domain's bundle: the root.</summary>
    public ImmutableArray<X509Certificate2> Authorities => [Root.Certificate];

    /// <summary>Gets the bundle that verifies its SVIDs.</summary>
    public X509Bundle Bundle => new(TrustDomain, Authorities);

    /// <summary>Gets the bundle as concatenated DER.</summary>
    public byte[] BundleDer => Der(Authorities);

    /// <summary>Creates another root of the same trust domain, with the same name and another key: an untrusted one, or the next one of a rotation.</summary>
    public TestAuthority CreateRoot(Func<CertificateSpec, CertificateSpec>? change = null) =>
        new(TrustDomain, TestAuthority.Change(AuthoritySpec(TrustDomain, "root"), change), issuer: null);

    /// <inheritdoc cref="TestAuthority.Leaf(Func{CertificateSpec, CertificateSpec}?)"/>
    public TestSvid Leaf(Func<CertificateSpec, CertificateSpec>? change = null) => Issuer.Leaf(change);

    /// <inheritdoc cref="TestAuthority.Leaf(string)"/>
    public TestSvid Leaf(string path) => Issuer.Leaf(path);

    /// <summary>Creates a leaf that signed itself.</summary>
    public X509Certificate2 SelfSignedLeaf(Func<CertificateSpec, CertificateSpec>? change = null)
    {
        var spec = TestAuthority.Change(new() { Subject = "CN=self-signed leaf", Uris = [$"{TrustDomain.Id}/workload"] }, change);
        var key = spec.WithKey ?? TestKey.Create(spec.Key);
        return key.Attach(CertificateWriter.Write(spec, key, issuer: null));
    }

    /// <summary>Concatenates certificates as the Workload API sends them.</summary>
    public static byte[] Der(IEnumerable<X509Certificate2> certificates) => [.. certificates.SelectMany(c => c.RawData)];

    /// <summary>Returns the bytes of an X509SVIDResponse: these SVIDs with this bundle, and the bundles of federated trust domains.</summary>
    public byte[] ResponseBytes(IEnumerable<TestSvid> svids, params TestPki[] federated) => Response(svids, federated).ToByteArray();

    /// <summary>Returns an X509SVIDResponse of one SVID.</summary>
    internal Wire.X509SVIDResponse Response(TestSvid svid, params TestPki[] federated) => Response([svid], federated);

    /// <summary>Returns an X509SVIDResponse: these SVIDs with this bundle, and the bundles of federated trust domains.</summary>
    internal Wire.X509SVIDResponse Response(IEnumerable<TestSvid> svids, params TestPki[] federated)
    {
        var response = new Wire.X509SVIDResponse();
        response.Svids.AddRange(svids.Select(svid => svid.ToWire(Authorities)));
        foreach (var other in federated) response.FederatedBundles.Add(other.TrustDomain.Id.ToString(), ByteString.CopyFrom(other.BundleDer));
        return response;
    }

    /// <summary>Returns an X509BundlesResponse of this trust domain and others.</summary>
    internal Wire.X509BundlesResponse BundlesResponse(params TestPki[] others)
    {
        var response = new Wire.X509BundlesResponse();
        foreach (var pki in others.Prepend(this)) response.Bundles.Add(pki.TrustDomain.Id.ToString(), ByteString.CopyFrom(pki.BundleDer));
        return response;
    }

    internal static CertificateSpec AuthoritySpec(TrustDomain trustDomain, string role) => new()
    {
        Subject = $"CN=SPIFFE test {role}, O={trustDomain.Name}",
        Uris = [trustDomain.Id.ToString()],
        Ca = true,
        KeyUsage = X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign,
        NotBefore = TimeProvider.System.GetUtcNow().AddDays(-1),
        NotAfter = TimeProvider.System.GetUtcNow().AddDays(1),
    };
}
