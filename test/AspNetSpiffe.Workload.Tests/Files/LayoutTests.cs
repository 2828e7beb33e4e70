using System.Security.Cryptography;
using System.Text;
using AspNetSpiffe.TestKit;

namespace AspNetSpiffe.Workload.Tests.Files;

public sealed class LayoutTests(ITestOutputHelper output) : FileTest(output)
{
    [Fact]
    public async Task The_files_of_cert_manager_are_an_identity()
    {
        Write(Pki.Leaf("/workload"));
        AssertWorkload((await StartGoodAsync(CertManager())).Current!);
    }

    [Fact]
    public async Task The_files_of_spiffe_helper_are_an_identity()
    {
        var svid = Pki.Leaf("/workload");
        Folder.Write("svid.pem", SvidFolder.ChainOf(svid));
        Folder.Write("svid_key.pem", SvidFolder.KeyOf(svid));
        Folder.Write("svid_bundle.pem", SvidFolder.Pem(Pki.Root.Certificate));
        AssertWorkload((await StartGoodAsync(new() { Files = { Layout = SpiffeFileLayout.SpiffeHelper, Directory = Folder.Root } })).Current!);
    }

    [Fact]
    public async Task The_single_file_of_a_Pod_Certificate_is_an_identity()
    {
        var svid = Pki.Leaf("/workload");
        Folder.Write("credentialbundle.pem", SvidFolder.KeyOf(svid) + SvidFolder.ChainOf(svid));
        Folder.Write("trust.pem", SvidFolder.Pem(Pki.Root.Certificate));
        AssertWorkload((await StartGoodAsync(new() { Files = { Layout = SpiffeFileLayout.PodCertificate, Directory = Folder.Root, Bundle = "trust.pem" } })).Current!);
    }

    [Fact]
    public async Task The_folder_of_the_draft_standard_names_the_trust_domains_of_its_bundles()
    {
        var (svid, partner) = (Pki.Leaf("/workload"), new TestPki("partner.example"));
        Folder.Write("credential-bundle.private-key.pem", SvidFolder.KeyOf(svid) + SvidFolder.ChainOf(svid));
        Folder.Write("example.org.spiffe-trust-bundle.pem", SvidFolder.Pem(Pki.Root.Certificate));
        Folder.Write("partner.example.spiffe-trust-bundle.pem", SvidFolder.Pem(partner.Root.Certificate));
        Folder.Write("Not a trust domain.spiffe-trust-bundle.pem", "");

        var context = (await StartGoodAsync(new() { Files = { Layout = SpiffeFileLayout.SpiffeDraft, Directory = Folder.Root } })).Current!;
        AssertWorkload(context, trustDomains: 2);
        Assert.Equal(partner.Root.Certificate.RawData, Assert.Single(context.Bundles.Find(partner.TrustDomain)!.Authorities).RawData);
    }

    [Fact]
    public void A_bundle_that_comes_into_the_folder_after_a_look_belongs_to_the_next()
    {
        var svid = Pki.Leaf("/workload");
        Folder.Write("credential-bundle.private-key.pem", SvidFolder.KeyOf(svid) + SvidFolder.ChainOf(svid));
        Folder.Write("example.org.spiffe-trust-bundle.pem", SvidFolder.Pem(Pki.Root.Certificate));
        var files = new SpiffeFileOptions { Layout = SpiffeFileLayout.SpiffeDraft, Directory = Folder.Root }.Resolve();
        using var look = FileSnapshot.Of(files, withKey: true, 1_000_000);
        Folder.Write("late.example.spiffe-trust-bundle.pem", SvidFolder.Pem(new TestPki("late.example").Root.Certificate));

        AssertWorkload(new SvidFileReader(files, Time, new(), null).ReadContext(look).Value!);
    }

    [Fact]
    public async Task Each_file_may_be_named_by_itself()
    {
        var svid = Pki.Leaf("/workload");
        Folder.Write("a", SvidFolder.ChainOf(svid));
        Folder.Write("b", SvidFolder.KeyOf(svid));
        Folder.Write("c", SvidFolder.Pem(Pki.Root.Certificate));
        AssertWorkload((await StartGoodAsync(new() { Files = { Certificate = Folder.PathOf("a"), Key = Folder.PathOf("b"), Bundle = Folder.PathOf("c") } })).Current!);
    }

    [Fact]
    public async Task Bundles_of_other_trust_domains_come_as_PEM_as_documents_and_in_a_map()
    {
        var (pem, document, mapped) = (new TestPki("pem.example"), new TestPki("document.example"), new TestPki("mapped.example"));
        Write(Pki.Leaf("/workload"));
        Folder.Write("pem", SvidFolder.Pem(pem.Root.Certificate));
        Folder.Write("document", Encoding.UTF8.GetString(Document(document)));
        Folder.Write("map", Encoding.UTF8.GetString(new SpiffeBundleMap([SpiffeBundle.Parse(mapped.TrustDomain, Document(mapped))]).ToUtf8Json()));
        var source = await StartGoodAsync(CertManager(options =>
        {
            options.Files.FederatedBundles["pem.example"] = "pem";
            options.Files.FederatedBundles["document.example"] = "document";
            options.Files.BundleMap = "map";
        }));

        AssertWorkload(source.Current!, trustDomains: 4);
        foreach (var pki in new[] { pem, document, mapped })
            Assert.Equal(pki.Root.Certificate.RawData, Assert.Single(source.Current!.Bundles.Find(pki.TrustDomain)!.Authorities).RawData);
    }

    [Fact]
    public async Task The_bundle_of_our_own_trust_domain_may_be_in_the_map()
    {
        Write(Pki.Leaf("/workload"));
        Folder.Write("map", Encoding.UTF8.GetString(new SpiffeBundleMap([SpiffeBundle.Parse(Pki.TrustDomain, Document(Pki))]).ToUtf8Json()));
        var files = new SpiffeOptions { Files = { Certificate = Folder.PathOf("tls.crt"), Key = Folder.PathOf("tls.key"), BundleMap = Folder.PathOf("map") } };
        AssertWorkload((await StartGoodAsync(files)).Current!);
    }

    [Fact]
    public async Task Of_two_files_with_a_bundle_of_one_trust_domain_the_first_counts_and_the_log_says_so()
    {
        ExpectWarning("UpdateRemark");
        var (first, second) = (new TestPki("partner.example"), new TestPki("partner.example"));
        Write(Pki.Leaf("/workload"));
        Folder.Write("first", SvidFolder.Pem(first.Root.Certificate));
        Folder.Write("map", Encoding.UTF8.GetString(new SpiffeBundleMap([SpiffeBundle.Parse(second.TrustDomain, Document(second)), SpiffeBundle.Parse(Pki.TrustDomain, Document(new("example.org")))]).ToUtf8Json()));
        var source = await StartGoodAsync(CertManager(options => (options.Files.FederatedBundles["partner.example"], options.Files.BundleMap) = ("first", "map")));

        AssertWorkload(source.Current!, trustDomains: 2);
        Assert.Equal(first.Root.Certificate.RawData, Assert.Single(source.Current!.Bundles.Find(first.TrustDomain)!.Authorities).RawData);
        Assert.Contains($"The bundle of 'partner.example' in '{Folder.PathOf("map")}' is ignored: another file that comes first has one too.", source.Current!.Remarks);
        await WaitForAsync("UpdateRemark", Patience, times: 2);
    }

    [Fact]
    public async Task Keys_for_tokens_come_from_bundle_documents()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        Write(Pki.Leaf("/workload"));
        Folder.Write("ca.crt", Encoding.UTF8.GetString(new SpiffeBundle(Pki.Bundle, new(Pki.TrustDomain, [new("k1", new(key))])).ToUtf8Json()));

        var bundles = Keep(new JwtBundleSource(CertManager(), Loggers, Time));
        bundles.Start();
        var set = await bundles.WaitForFirstAsync(Patience);
        Assert.Equal("k1", Assert.Single(set.Find(Pki.TrustDomain)!.Authorities).KeyId);
        Assert.Null(bundles.Address);
        await WaitForAsync("JwtBundlesRenewed", Patience);
    }

    [Fact]
    public async Task Without_keys_for_tokens_the_error_says_where_they_could_come_from()
    {
        ExpectWarning("UpdateRefused");
        Write(Pki.Leaf("/workload"));
        var bundles = Keep(new JwtBundleSource(CertManager(), Loggers, Time));
        bundles.Start();
        await LookAsync(2);
        Assert.Contains("PEM cannot contain any: use SPIFFE bundle documents (JSON).", (await WaitForAsync("UpdateRefused", Patience)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Files_of_bundles_alone_are_enough_to_verify_others()
    {
        var partner = new TestPki("partner.example");
        Folder.Write("partner", SvidFolder.Pem(partner.Root.Certificate));
        Folder.Write("map", Encoding.UTF8.GetString(new SpiffeBundleMap([SpiffeBundle.Parse(Pki.TrustDomain, Document(Pki))]).ToUtf8Json()));
        var options = new SpiffeOptions { Files = { Directory = Folder.Root, BundleMap = "map", FederatedBundles = { ["partner.example"] = "partner" } } };
        options.RequireValid("options");
        var bundles = Keep(new X509BundleSource(options, Loggers, null, Time));
        bundles.Start();
        var set = await bundles.WaitForFirstAsync(Patience);
        Assert.Equal(2, set.Count);
        Assert.Equal(partner.Root.Certificate.RawData, Assert.Single(set.Find(partner.TrustDomain)!.Authorities).RawData);
        Assert.Null(bundles.Address);
        await WaitForAsync("X509BundlesRenewed", Patience);

        var changed = bundles.GetChangeToken().ChangedAsync(Patience);
        Folder.Write("partner", SvidFolder.Pem(partner.Root.Certificate, partner.CreateRoot().Certificate));
        await LookAsync(4);
        await changed;
        Assert.Equal(2, bundles.Current!.Find(partner.TrustDomain)!.Authorities.Length);
    }

    [Fact]
    public async Task Files_of_bundles_alone_are_no_identity_and_the_error_says_so()
    {
        ExpectWarning("UpdateRefused");
        Folder.Write("partner", SvidFolder.Pem(Pki.Root.Certificate));
        Start(new() { Files = { FederatedBundles = { ["example.org"] = Folder.PathOf("partner") } } });
        await LookAsync(2);
        Assert.Equal(
            "Rejected an update from the bundle files. The settings name bundle files only and no certificate, so there is no identity. Identity: none received yet.",
            (await WaitForAsync("UpdateRefused", Patience)).Message);
    }

    [Fact]
    public void Files_give_no_tokens_and_the_error_says_so()
    {
        var error = Assert.Throws<InvalidOperationException>(() => new JwtSource(CertManager()));
        Assert.StartsWith("JWT-SVIDs require a Workload API, but this workload gets its identity from files or from code", error.Message, StringComparison.Ordinal);
    }

    private static byte[] Document(TestPki pki) => new SpiffeBundle(pki.Bundle, new(pki.TrustDomain, [])).ToUtf8Json();

    private void AssertWorkload(X509Context context, int trustDomains = 1)
    {
        Assert.Equal("spiffe://example.org/workload", context.DefaultSvid.Id.ToString());
        Assert.Equal(Pki.Issuer.Certificate.RawData, Assert.Single(context.DefaultSvid.Intermediates).RawData);
        Assert.True(context.DefaultSvid.Leaf.HasPrivateKey);
        Assert.Equal(trustDomains, context.Bundles.Count);
        Assert.Equal(Pki.Root.Certificate.RawData, Assert.Single(context.Bundles.Find(Pki.TrustDomain)!.Authorities).RawData);
    }
}
