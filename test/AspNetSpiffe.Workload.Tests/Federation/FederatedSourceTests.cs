using AspNetSpiffe.TestKit;
using AspNetSpiffe.Workload.Tests.Sources;
using Grpc.Core;

namespace AspNetSpiffe.Workload.Tests.Federation;

/// <summary>What handshakes see of endpoints: the context of the source, published again when either changes.</summary>
public sealed class FederatedSourceTests(ITestOutputHelper output) : SourceTest(output)
{
    private static readonly TimeSpan Hint = TimeSpan.FromMinutes(1);
    private readonly TestPki _partner = new("partner");
    private readonly TestPki _web = new("web");
    private readonly string _roots = Path.GetTempFileName();
    private BundleServer _server = null!;

    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        await File.WriteAllTextAsync(_roots, _web.Root.Certificate.ExportCertificatePem());
        _server = await BundleServer.StartAsync(_web.Leaf(leaf => leaf with { Uris = [], Subject = "CN=web", IpAddresses = [System.Net.IPAddress.Loopback] }), Bundle(_partner.Root));
    }

    protected override async ValueTask StopAsync()
    {
        await base.StopAsync();
        await _server.DisposeAsync();
        File.Delete(_roots);
    }

    [Fact]
    public async Task A_bundle_of_an_endpoint_is_published_beside_our_SVID()
    {
        var source = await StartGoodAsync(change: Federate);
        var svid = source.Current!.DefaultSvid;
        await UntilAsync(source, [_partner.Root]);

        var next = _partner.CreateRoot();
        _server.Serve(Bundle(next));
        Time.Advance(Hint);
        await UntilAsync(source, [next]);
        Assert.Same(svid, source.Current!.DefaultSvid);
        Assert.Equal(2, source.Current.Bundles.Count);
    }

    [Fact]
    public async Task An_SVID_from_files_and_a_bundle_from_an_endpoint_are_one_context()
    {
        using var folder = new SvidFolder();
        var svid = Pki.Leaf("/from-files");
        folder.Write("tls.crt", SvidFolder.ChainOf(svid));
        folder.Write("tls.key", SvidFolder.KeyOf(svid));
        folder.Write("ca.crt", SvidFolder.Pem(Pki.Authorities));
        var source = Start(options =>
        {
            (options.EndpointSocket, options.Files.Layout, options.Files.Directory) = (null, SpiffeFileLayout.CertManager, folder.Root);
            Federate(options);
        });
        await source.WaitForFirstAsync(Patience);
        await UntilAsync(source, [_partner.Root]);
        Assert.Equal("/from-files", source.Current!.DefaultSvid.Id.Path);
        Assert.Equal(2, source.Current.Bundles.Count);
    }

    [Fact]
    public async Task What_the_agent_says_of_a_trust_domain_with_an_endpoint_counts_at_no_time()
    {
        _server.Serve(500);
        ExpectWarning("BundleNotFetched");
        Agent.Send(new TestIdentity(Pki.Leaf(), [.. Pki.Authorities]).With("partner", _partner.CreateRoot().Certificate).With("other", new TestPki("other").Authorities));
        var source = Start(Federate);
        await source.WaitForFirstAsync(Patience);
        await WaitForAsync("BundleNotFetched", Patience);
        Assert.Null(source.Current!.Bundles.Find(_partner.TrustDomain));
        Assert.NotNull(source.Current.Bundles.Find(TrustDomain.Parse("other")));

        _server.Serve(Bundle(_partner.Root));
        Time.Advance(TimeSpan.FromSeconds(1));
        await UntilAsync(source, [_partner.Root]);
        await NextAsync(source, () => Agent.Send(new TestIdentity(Pki.Leaf("/next"), [.. Pki.Authorities]).With("partner", _partner.CreateRoot().Certificate)));
        await UntilAsync(source, [_partner.Root]);
        Assert.Equal("/next", source.Current.DefaultSvid.Id.Path);
    }

    [Fact]
    public async Task Our_own_trust_domain_has_the_bundle_that_came_with_our_identity()
    {
        ExpectWarning("BundleNotFetched");
        var source = await StartGoodAsync(change: options => Federate(options, "td"));
        await Logs.WaitForAsync(record => record.Event.Name == "BundleNotFetched" || record.Event.Name == "BundleFetched", Patience);
        Time.Advance(Hint);
        await WaitForAsync("BundleNotFetched", Patience);
        Assert.Equal(Pki.Bundle, source.Current!.Bundles.Find(Pki.TrustDomain));
    }

    [Fact]
    public async Task An_identity_that_was_withdrawn_does_not_come_back_with_a_bundle()
    {
        ExpectWarning("AgentUnavailable");
        ExpectWarning("IdentityWithdrawn");
        var source = await StartGoodAsync(change: Federate);
        await UntilAsync(source, [_partner.Root]);
        Agent.OnEachCall = agent => agent.CloseWith(StatusCode.PermissionDenied, "no identity issued");
        Agent.CloseWith(StatusCode.PermissionDenied, "no identity issued");
        await WaitForAsync("IdentityMissing", Patience);
        Time.Advance(TimeSpan.FromSeconds(3));
        await WaitForAsync("IdentityWithdrawn", Patience);

        var changed = source.Federated.GetChangeToken().ChangedAsync(Patience);
        _server.Serve(Bundle(_partner.CreateRoot()));
        Time.Advance(Hint);
        await changed;
        await source.Federated.DisposeAsync();
        Assert.Null(source.Current);
    }

    private SpiffeBundle Bundle(TestAuthority authority) => new(new(_partner.TrustDomain, [authority.Certificate]), new(_partner.TrustDomain, []), null, Hint);

    private void Federate(SpiffeOptions options) => Federate(options, "partner");

    private void Federate(SpiffeOptions options, string trustDomain) =>
        options.Federation[trustDomain] = new() { Url = _server.Url, Profile = BundleEndpointProfile.HttpsWeb, RootsFile = _roots };

    // The source hears of a change after it was published.
    private async Task UntilAsync(X509Source source, TestAuthority[] authorities)
    {
        while (true)
        {
            var changed = source.GetChangeToken();
            if (source.Current!.Bundles.Find(_partner.TrustDomain) is { } bundle && bundle.Equals(new X509Bundle(_partner.TrustDomain, authorities.Select(authority => authority.Certificate)))) return;
            await changed.ChangedAsync(Patience);
        }
    }
}
