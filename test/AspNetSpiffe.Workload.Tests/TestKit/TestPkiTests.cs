using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using AspNetSpiffe.TestKit;

namespace AspNetSpiffe.Tests.TestKit;

/// <summary>The knobs do what they say; a vector that is not what it claims would prove nothing.</summary>
public sealed class TestPkiTests
{
    private static readonly TestPki Pki = new("td", intermediates: 2);

    [Fact]
    public void A_leaf_is_a_valid_X509_SVID()
    {
        var svid = Pki.Leaf("/web");
        Assert.Equal("spiffe://td/web", svid.Id);
        Assert.Equal(2, svid.Intermediates.Length);
        Assert.True(svid.Leaf.HasPrivateKey);
        Assert.Equal("", svid.Leaf.Subject);
        Assert.True(svid.Leaf.Extensions["2.5.29.17"]!.Critical);
        Assert.Equal(X509KeyUsageFlags.DigitalSignature, svid.Leaf.Extensions.OfType<X509KeyUsageExtension>().Single().KeyUsages);
        Assert.False(svid.Leaf.Extensions.OfType<X509BasicConstraintsExtension>().Single().CertificateAuthority);
        Assert.Equal(svid.Leaf.RawData.Length + svid.Intermediates.Sum(c => c.RawData.Length), svid.ChainDer.Length);
        Assert.Equal("spiffe://td", Pki.Bundle.TrustDomain.Id.ToString());
    }

    [Theory]
    [InlineData(KeyKind.P256, 256)]
    [InlineData(KeyKind.P384, 384)]
    [InlineData(KeyKind.P521, 521)]
    [InlineData(KeyKind.Rsa2048, 2048)]
    public void A_leaf_has_the_wanted_key_and_its_PKCS8(KeyKind kind, int size)
    {
        var svid = Pki.Leaf(l => l with { Key = kind });
        using AsymmetricAlgorithm key = kind == KeyKind.Rsa2048 ? RSA.Create() : ECDsa.Create();
        key.ImportPkcs8PrivateKey(svid.Pkcs8, out _);
        Assert.Equal(size, key.KeySize);
        Assert.Equal(new PublicKey(key).ExportSubjectPublicKeyInfo(), svid.Leaf.PublicKey.ExportSubjectPublicKeyInfo());
    }

    [Fact]
    public void An_Ed25519_leaf_has_a_key_that_NET_cannot_use()
    {
        var svid = Pki.Leaf(l => l with { Key = KeyKind.Ed25519 });
        Assert.Equal("1.3.101.112", svid.Leaf.PublicKey.Oid.Value);
        Assert.False(svid.Leaf.HasPrivateKey);
        Assert.Equal(48, svid.Pkcs8.Length);
    }

    [Fact]
    public void Extensions_are_written_as_they_are_asked_for()
    {
        using var leaf = Pki.Leaf(l => l with
        {
            Subject = "CN=x",
            Uris = ["no URI at all", "https://td/a"],
            UrisOfSecondSan = ["spiffe://td/hidden"],
            DnsNames = ["a.test"],
            IpAddresses = [System.Net.IPAddress.Loopback],
            KeyUsage = null,
            Ca = null,
            UnknownCriticalExtension = true,
            AiaUrl = "http://127.0.0.1/ca",
        }).Leaf;

        Assert.Equal(2, leaf.Extensions.Count(e => e.Oid!.Value == "2.5.29.17"));
        Assert.All(leaf.Extensions.Where(e => e.Oid!.Value == "2.5.29.17"), e => Assert.False(e.Critical));
        var names = System.Text.Encoding.Latin1.GetString(leaf.Extensions["2.5.29.17"]!.RawData);
        Assert.Contains("no URI at all", names, StringComparison.Ordinal);
        Assert.Contains("a.test", names, StringComparison.Ordinal);
        Assert.Empty(leaf.Extensions.OfType<X509KeyUsageExtension>());
        Assert.Empty(leaf.Extensions.OfType<X509BasicConstraintsExtension>());
        Assert.Contains(leaf.Extensions, e => e.Critical && e.Oid!.Value == "1.3.6.1.4.1.99999.1");
        Assert.Equal(["http://127.0.0.1/ca"], leaf.Extensions.OfType<X509AuthorityInformationAccessExtension>().Single().EnumerateCAIssuersUris());
    }

    [Fact]
    public void A_leaf_can_name_one_issuer_and_be_signed_by_another()
    {
        using var leaf = Pki.Leaf(l => l with { IssuerName = "CN=somebody", SignedBy = new TestPki("td").Root.Key }).Leaf;
        Assert.Equal("CN=somebody", leaf.Issuer);
    }

    [Fact]
    public void Another_root_has_the_same_name_and_another_key()
    {
        var other = Pki.CreateRoot();
        Assert.Equal(Pki.Root.Certificate.Subject, other.Certificate.Subject);
        Assert.NotEqual(Pki.Root.Certificate.GetPublicKey(), other.Certificate.GetPublicKey());
    }

    [Fact]
    public void A_message_carries_SVIDs_and_federated_bundles()
    {
        var svid = Pki.Leaf("/web");
        var response = Wire.X509SVIDResponse.Parser.ParseFrom(Pki.ResponseBytes([svid, Pki.Leaf("/api")], new TestPki("other")));
        Assert.Equal(["spiffe://td/web", "spiffe://td/api"], response.Svids.Select(s => s.SpiffeId));
        Assert.Equal(svid.ChainDer, response.Svids[0].X509Svid.ToByteArray());
        Assert.Equal(Pki.BundleDer, response.Svids[0].Bundle.ToByteArray());
        Assert.Equal(["spiffe://other"], response.FederatedBundles.Keys);
        Assert.Equal(["spiffe://other", "spiffe://td"], Pki.BundlesResponse(new TestPki("other")).Bundles.Keys.Order(StringComparer.Ordinal));
    }
}
