using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using AspNetSpiffe.Wire;

namespace AspNetSpiffe.AgentTests;

/// <summary>What comes out of an agent's socket, against every issuer line of the standards.</summary>
public sealed class IssuedCertificateTests : AgentTest
{
    private const string BasicConstraints = "2.5.29.19";
    private const string KeyUsage = "2.5.29.15";
    private const string SubjectAltName = "2.5.29.17";
    private const string ExtendedKeyUsage = "2.5.29.37";
    private const string EmptySubject = "3000";

    [Fact, Trait("Spec", "XC-01")]
    public async Task Each_certificate_has_exactly_one_URI_SAN()
    {
        var issued = await IssueAsync(new DevIdentity("/ns/shop/sa/cart"));
        Assert.Equal(["spiffe://example.org/ns/shop/sa/cart"], issued.Leaf.Uris);
        Assert.Equal(["spiffe://example.org"], issued.Intermediate.Uris);
        Assert.Equal(["spiffe://example.org"], issued.Root.Uris);
    }

    [Fact, Trait("Spec", "XC-02")]
    public async Task DNS_names_stand_beside_the_SPIFFE_ID()
    {
        var issued = await IssueAsync(new DevIdentity("/web") { DnsNames = ["web.local", "localhost"] });
        Assert.Equal(["web.local", "localhost"], issued.Leaf.DnsNames);
        Assert.Equal(["spiffe://example.org/web"], issued.Leaf.Uris);
    }

    [Theory, Trait("Spec", "XC-03")]
    [InlineData("")]
    [InlineData("/")]
    [InlineData("web")]
    [InlineData("/web/")]
    [InlineData("/a//b")]
    public async Task A_path_that_names_no_workload_is_refused(string path)
    {
        var refused = await Assert.ThrowsAsync<ArgumentException>(() => StartAgentAsync(new DevIdentity(path)));
        Assert.Contains("path", refused.Message, StringComparison.Ordinal);
    }

    [Fact, Trait("Spec", "XC-04")]
    public async Task A_certificate_without_a_subject_would_need_a_critical_SAN()
    {
        var issued = await IssueAsync(new DevIdentity("/web"));
        Assert.All(issued.All, c => Assert.True(Convert.ToHexString(c.Subject.Span) != EmptySubject || c.IsCritical(SubjectAltName)));
    }

    [Fact, Trait("Spec", "XC-05"), Trait("Spec", "ID-21")]
    public async Task What_signs_carries_the_ID_of_the_trust_domain_without_a_path()
    {
        var issued = await IssueAsync(new DevIdentity("/web"));
        Assert.All([issued.Root, issued.Intermediate], c => Assert.Equal(["spiffe://example.org"], c.Uris));
    }

    [Fact, Trait("Spec", "XC-06")]
    public async Task Only_what_signs_is_an_authority()
    {
        var issued = await IssueAsync(new DevIdentity("/web"));
        Assert.Equal((false, null), issued.Leaf.BasicConstraints);
        Assert.Equal((true, 0), issued.Intermediate.BasicConstraints);
        Assert.Equal((true, null), issued.Root.BasicConstraints);
        Assert.All(issued.All, c => Assert.True(c.IsCritical(BasicConstraints)));
    }

    [Fact, Trait("Spec", "XC-07")]
    public async Task No_name_constraints_are_relied_on()
    {
        var issued = await IssueAsync(new DevIdentity("/web"));
        Assert.All(issued.All, c => Assert.False(c.Has("2.5.29.30")));
    }

    [Fact, Trait("Spec", "XC-08")]
    public async Task Key_usage_is_there_and_critical()
    {
        var issued = await IssueAsync(new DevIdentity("/web"));
        Assert.All(issued.All, c => Assert.True(c.IsCritical(KeyUsage)));
    }

    [Theory, Trait("Spec", "XC-09")]
    [InlineData(DevKeyAlgorithm.EcdsaP256)]
    [InlineData(DevKeyAlgorithm.EcdsaP384)]
    [InlineData(DevKeyAlgorithm.Rsa2048)]
    public async Task A_leaf_may_sign_data_and_nothing_else(DevKeyAlgorithm algorithm)
    {
        var issued = await IssueAsync(new DevIdentity("/web"), algorithm);
        Assert.Equal([0], issued.Leaf.KeyUsage);
    }

    [Fact, Trait("Spec", "XC-10")]
    public async Task What_signs_may_sign_certificates_and_revocation_lists_and_nothing_else()
    {
        var issued = await IssueAsync(new DevIdentity("/web"));
        Assert.All([issued.Root, issued.Intermediate], c => Assert.Equal([5, 6], c.KeyUsage));
    }

    [Fact, Trait("Spec", "XC-11")]
    public async Task A_leaf_serves_both_roles()
    {
        var issued = await IssueAsync(new DevIdentity("/web"));
        Assert.Equal(["1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2"], issued.Leaf.ExtendedKeyUsage);
        Assert.All([issued.Root, issued.Intermediate], c => Assert.False(c.Has(ExtendedKeyUsage)));
    }

    [Fact]
    public async Task Serial_numbers_are_positive_and_have_16_bytes_and_differ()
    {
        var issued = await IssueAsync(new DevIdentity("/web"));
        Assert.All(issued.All, c => Assert.Equal(16, c.SerialNumber.Length));
        Assert.All(issued.All, c => Assert.InRange(c.SerialNumber.Span[0], 0x01, 0x7F));
        Assert.Equal(3, issued.All.Select(c => Convert.ToHexString(c.SerialNumber.Span)).Distinct().Count());
    }

    [Theory]
    [InlineData(DevKeyAlgorithm.EcdsaP256)]
    [InlineData(DevKeyAlgorithm.EcdsaP384)]
    [InlineData(DevKeyAlgorithm.Rsa2048)]
    public async Task A_chain_builds_from_the_leaf_to_the_bundle_and_the_key_fits(DevKeyAlgorithm algorithm)
    {
        var agent = await StartAgentAsync(new DevAgentOptions { Directory = Folder, KeyAlgorithm = algorithm }.AddWorkload("web", "/web"));
        var svid = Assert.Single((await Connect(agent).FetchX509Async(Patience)).Svids);
        var (leaf, intermediate) = (Ders.Read(svid.X509Svid)[0], Ders.Read(svid.X509Svid)[1]);

        using var chain = new X509Chain
        {
            ChainPolicy = new()
            {
                TrustMode = X509ChainTrustMode.CustomRootTrust,
                CustomTrustStore = { Ders.Read(svid.Bundle)[0] },
                ExtraStore = { intermediate },
                RevocationMode = X509RevocationMode.NoCheck,
                ApplicationPolicy = { new Oid("1.3.6.1.5.5.7.3.2") },
            },
        };
        Assert.True(chain.Build(leaf), string.Join(", ", chain.ChainStatus.Select(s => s.StatusInformation)));
        Assert.Equal(3, chain.ChainElements.Count);

        using AsymmetricAlgorithm key = algorithm == DevKeyAlgorithm.Rsa2048 ? RSA.Create() : ECDsa.Create();
        key.ImportPkcs8PrivateKey(svid.X509SvidKey.Span, out var read);
        Assert.Equal(svid.X509SvidKey.Length, read);
        Assert.Equal(leaf.PublicKey.ExportSubjectPublicKeyInfo(), key.ExportSubjectPublicKeyInfo());
        Assert.Equal(algorithm == DevKeyAlgorithm.EcdsaP384 ? 384 : algorithm == DevKeyAlgorithm.Rsa2048 ? 2048 : 256, key.KeySize);
    }

    [Fact]
    public async Task An_SVID_lives_as_long_as_asked_and_begins_a_little_earlier()
    {
        var before = DateTimeOffset.UtcNow;
        var agent = await StartAgentAsync(new DevAgentOptions { Directory = Folder, SvidLifetime = TimeSpan.FromMinutes(20) }.AddWorkload("web", "/web"));
        using var leaf = Ders.Read((await Connect(agent).FetchX509Async(Patience)).Svids[0].X509Svid)[0];

        Assert.InRange(leaf.NotBefore.ToUniversalTime(), before.UtcDateTime.AddMinutes(-2), before.UtcDateTime);
        Assert.InRange(leaf.NotAfter.ToUniversalTime(), before.UtcDateTime.AddMinutes(20), DateTime.UtcNow.AddMinutes(20).AddSeconds(2));
    }

    [Fact]
    public void An_authority_issues_to_its_own_trust_domain_only()
    {
        using var authority = new DevCertificateAuthority(TrustDomain.Parse("example.org"));
        using var leaf = authority.IssueX509Svid(SpiffeId.Parse("spiffe://example.org/web"), TimeSpan.FromHours(1), "web.local");

        Assert.True(leaf.HasPrivateKey);
        Assert.False(authority.Root.HasPrivateKey);
        Assert.Equal(["web.local"], new CertificateText(leaf).DnsNames);
        Assert.Throws<ArgumentException>(() => authority.IssueX509Svid(SpiffeId.Parse("spiffe://other.org/web"), TimeSpan.FromHours(1)));
        Assert.Throws<ArgumentException>(() => authority.IssueX509Svid(SpiffeId.Parse("spiffe://example.org"), TimeSpan.FromHours(1)));
        Assert.Throws<ArgumentException>(() => authority.IssueJwtSvid(SpiffeId.Parse("spiffe://example.org/web"), [], TimeSpan.FromHours(1)));
    }

    [Fact]
    public void A_key_that_somebody_else_holds_is_certified_like_one_of_ours()
    {
        using var authority = new DevCertificateAuthority(TrustDomain.Parse("example.org"));
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP384);
        using var leaf = authority.IssueX509Svid(SpiffeId.Parse("spiffe://example.org/web"), new PublicKey(key), TimeSpan.FromMinutes(1));

        Assert.False(leaf.HasPrivateKey);
        Assert.Equal(key.ExportSubjectPublicKeyInfo(), leaf.PublicKey.ExportSubjectPublicKeyInfo());
        var verified = X509SvidVerifier.Verify(leaf, [authority.Intermediate], new([new(authority.TrustDomain, [authority.Root])]), PeerRole.Server, DateTimeOffset.UtcNow);
        Assert.Equal("spiffe://example.org/web", verified.Peer?.Id.ToString());
    }

    [Fact]
    public void A_key_that_peers_would_reject_is_not_certified()
    {
        using var authority = new DevCertificateAuthority(TrustDomain.Parse("example.org"));
        using var weak = RSA.Create(1024);
        var refused = Assert.Throws<ArgumentException>(() => authority.IssueX509Svid(SpiffeId.Parse("spiffe://example.org/web"), new PublicKey(weak), TimeSpan.FromMinutes(1)));
        Assert.Contains("WeakKey", refused.Message, StringComparison.Ordinal);
    }

    private async Task<Issued> IssueAsync(DevIdentity identity, DevKeyAlgorithm algorithm = DevKeyAlgorithm.EcdsaP256)
    {
        var agent = await StartAgentAsync(new DevAgentOptions { Directory = Folder, KeyAlgorithm = algorithm }.AddWorkload("web", identity));
        X509SVID svid = Assert.Single((await Connect(agent).FetchX509Async(Patience)).Svids);
        var certificates = Ders.Read(svid.X509Svid);
        Assert.Equal(2, certificates.Length);
        return new(new(certificates[0]), new(certificates[1]), new(Assert.Single(Ders.Read(svid.Bundle))));
    }

    private sealed record Issued(CertificateText Leaf, CertificateText Intermediate, CertificateText Root)
    {
        public CertificateText[] All => [Leaf, Intermediate, Root];
    }
}
