using System.Net;
using System.Security.Cryptography.X509Certificates;
using AspNetSpiffe.TestKit;
using AspNetSpiffe.Tests.Clients;
using AspNetSpiffe.Tests.Handshakes;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Https;

namespace AspNetSpiffe.Tests.Kestrel;

/// <summary>Nobody follows the URLs in a certificate, ours or a stranger's, and nothing of it is kept on disk.</summary>
public sealed class DownloadTests : IssuedTest
{
    private static readonly Dictionary<string, Func<DownloadTests, PeerCase>> Peers = new()
    {
        ["a complete chain"] = t => t.Case(t._issuer.Leaf(t._urls.In)),
        ["no intermediate"] = t => t.Case(new(t._issuer.Leaf(t._urls.In).Leaf), "example.org", RejectionReason.NotTrusted),
        ["no federated intermediate"] = t => t.Case(new(t._other.Root.Intermediate(t._urls.In).Leaf(t._urls.In).Leaf), "other", RejectionReason.NotTrusted),
        ["an unknown CA"] = t => t.Case(new(t._stranger.Root.Intermediate(t._urls.In).Leaf(t._urls.In)), "example.org", RejectionReason.NotTrusted),
        ["an unknown CA, no intermediate"] = t => t.Case(new(t._stranger.Root.Intermediate(t._urls.In).Leaf(t._urls.In).Leaf), "example.org", RejectionReason.NotTrusted),
        ["an unknown trust domain"] = t => t.Case(new(new TestPki("elsewhere").Leaf(t._urls.In)), "elsewhere", RejectionReason.UnknownTrustDomain),
    };

    private readonly NamedUrls _urls;
    private readonly string[] _stores = UserStores.List();
    private readonly TestPki _pki = new("example.org");
    private readonly TestPki _stranger = new("example.org");
    private readonly TestPki _other = new("other");
    private readonly TestAuthority _issuer;

    public DownloadTests(ITestOutputHelper output) : base(output)
    {
        _urls = Keep(new NamedUrls());
        _issuer = _pki.Root.Intermediate(_urls.In);
        _urls.Issuer = _issuer.Certificate;
    }

    public static TheoryData<string, PeerRole, string> Data
    {
        get
        {
            var data = new TheoryData<string, PeerRole, string>();
            foreach (var peer in Peers.Keys)
                foreach (var role in Enum.GetValues<PeerRole>())
                    foreach (var version in new[] { "1.1", "2.0" })
                        data.Add(peer, role, version);

            return data;
        }
    }

    public static TheoryData<string> Sent => [.. Peers.Keys];

    [Theory, Trait("Spec", "XV-o"), MemberData(nameof(Data))]
    public async Task A_handshake_touches_neither_network_nor_disk(string sent, PeerRole role, string version)
    {
        await AssertAsync(Peers[sent](this), role, version);
        Assert.Empty(await _urls.VisitsAsync(Timeout));
        Assert.Equal(_stores, UserStores.List());
    }

    [Theory, Trait("Spec", "XV-o"), MemberData(nameof(Sent))]
    public async Task A_handshake_behind_a_proxy_touches_neither_network_nor_disk(string sent)
    {
        var (peer, proxy) = (Peers[sent](this), Keep(new ConnectProxy()));
        var server = await StartServerAsync(peer.Peer);
        using var client = Client(NamedAddressOf(server), SpiffeHttpHandler.Create(await SourceAsync(await IssueAsync(peer.Ours)), SpiffeIdPattern.Any, proxy.Use));
        if (peer.Reason == RejectionReason.None) await GetAsync(client);
        else await AssertServerRefusedAsync(client, peer.Reason, peer.Id);

        Assert.Single(proxy.Tunnels);
        Assert.Empty(await _urls.VisitsAsync(Timeout));
        Assert.Equal(_stores, UserStores.List());
    }

    // What follows shows that the test above can fail.
    [Fact, Trait("Spec", "XV-o")]
    public async Task A_chain_without_our_policy_fetches_the_intermediate_and_keeps_it()
    {
        using var chain = new X509Chain { ChainPolicy = { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck } };
        chain.ChainPolicy.CustomTrustStore.Add(_pki.Root.Certificate);
        try
        {
            Assert.True(chain.Build(_issuer.Leaf(_urls.In).Leaf));
            Assert.Equal(["issuer"], await _urls.VisitsAsync(Timeout));
            Assert.NotEqual(_stores, UserStores.List());
        }
        finally
        {
            UserStores.Remove(_issuer.Certificate, _stores);
        }

        Assert.Equal(_stores, UserStores.List());
    }

    [Fact, Trait("Spec", "XV-o")]
    public async Task An_intermediate_that_only_the_stores_of_the_user_have_counts_for_nothing()
    {
        var leaf = _issuer.Leaf().Leaf;
        using (var store = new X509Store(StoreName.CertificateAuthority, StoreLocation.CurrentUser, OpenFlags.ReadWrite))
            store.Add(X509CertificateLoader.LoadCertificate(_issuer.Certificate.RawData));

        try
        {
            // The framework reads the stores anew some seconds later, and then it takes the intermediate from there.
            for (; !IsBuiltByTheFramework(leaf); await Task.Yield()) Timeout.ThrowIfCancellationRequested();
            Assert.Equal(RejectionReason.NotTrusted, X509SvidVerifier.Verify(leaf, [], new([_pki.Bundle]), PeerRole.Client, TimeProvider.System.GetUtcNow()).Reason);
        }
        finally
        {
            UserStores.Remove(_issuer.Certificate, _stores);
        }
    }

    private bool IsBuiltByTheFramework(X509Certificate2 leaf)
    {
        using var chain = new X509Chain
        {
            ChainPolicy = { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck, DisableCertificateDownloads = true },
        };
        chain.ChainPolicy.CustomTrustStore.Add(_pki.Root.Certificate);
        return chain.Build(leaf);
    }

    [Fact, Trait("Spec", "XV-o")]
    public async Task A_chain_without_our_policy_asks_for_status_and_revocation_list()
    {
        using var chain = new X509Chain { ChainPolicy = { TrustMode = X509ChainTrustMode.CustomRootTrust } };
        chain.ChainPolicy.CustomTrustStore.Add(_pki.Root.Certificate);
        chain.ChainPolicy.ExtraStore.Add(_issuer.Certificate);
        Assert.False(chain.Build(_issuer.Leaf(_urls.In).Leaf));

        var visits = await _urls.VisitsAsync(Timeout);
        Assert.Contains("status", visits);
        Assert.Contains("revoked", visits);
    }

    [Theory, Trait("Spec", "XV-o")]
    [InlineData("1.1")]
    [InlineData("2.0")]
    public async Task A_Kestrel_without_us_fetches_what_its_client_names(string version)
    {
        _urls.Issuer = null;
        var builder = Builder(("Spiffe:EndpointSocket", "unix:///nowhere"));
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen => listen.UseHttps(https =>
        {
            https.ServerCertificate = _pki.Leaf("/server").Leaf;
            https.ClientCertificateMode = ClientCertificateMode.RequireCertificate;
        })));
        var server = await StartAsync(builder);

        using var client = ClientOf(new Presented(_issuer.Leaf(_urls.In).Leaf), NamedAddressOf(server));
        await Assert.ThrowsAsync<HttpRequestException>(() => GetAsync(client, version));
        Assert.Contains("issuer", await _urls.VisitsAsync(Timeout));
    }

    private PeerCase Case(TestSvid svid) => new(Ours, new(svid), svid.Id);

    private PeerCase Case(Presented peer, string trustDomain, RejectionReason reason) => new(Ours, peer, $"spiffe://{trustDomain}/workload", reason);

    private TestIdentity Ours =>
        new TestIdentity(_issuer.Leaf(l => _urls.In(l) with { Uris = ["spiffe://example.org/us"] }), _pki.Root.Certificate).With("other", _other.Root.Certificate);
}
