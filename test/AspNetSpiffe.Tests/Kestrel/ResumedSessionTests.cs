using System.Net;
using System.Net.Security;
using System.Security.Authentication;
using AspNetSpiffe.TestKit;
using AspNetSpiffe.Tests.Handshakes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace AspNetSpiffe.Tests.Kestrel;

/// <summary>With <c>Spiffe:AllowTlsResume</c> a client comes back with its session, and each time is judged as if it had come with all its certificates.</summary>
public sealed class ResumedSessionTests(ITestOutputHelper output) : IssuedTest(output)
{
    private const string Peer = "spiffe://example.org/peer";

    // Two CAs of one trust domain: that of the client can go without taking ours along.
    private readonly TestPki _pki = new("example.org", intermediates: 1);
    private readonly TestPki _peerPki = new("example.org", intermediates: 1);
    private readonly SvidFolder _folder = new();
    private readonly List<HttpClient> _open = [];
    private FakeAgent _agent = null!;
    private Relay _relay = null!;

    private TestIdentity Identity => field ??= new(_pki.Leaf("/server"), _pki.Root.Certificate, _peerPki.Root.Certificate);

    public override async ValueTask InitializeAsync() => _agent = await IssueAsync(Identity);

    protected override async ValueTask StopAsync()
    {
        foreach (var open in _open) open.Dispose();
        await base.StopAsync();
        _folder.Dispose();
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public async Task A_client_comes_back_whatever_its_chain(int intermediates)
    {
        var pki = new TestPki("example.org", intermediates);
        _agent.Send(Identity with { Authorities = [_pki.Root.Certificate, pki.Root.Certificate] });
        var client = await ConnectedAsync(await StartServerAsync(), new Presented(pki.Leaf("/peer")));
        for (var i = 0; i < 3; i++) Assert.Equal(Peer, await AskAsync(client));
        AssertResumed(true, true, true);
    }

    [Fact]
    public async Task Without_the_setting_none_does()
    {
        var client = await ConnectedAsync(await StartServerAsync(("Spiffe:AllowTlsResume", null)), Of("/peer"));
        Assert.Equal(Peer, await AskAsync(client));
        AssertResumed(false);
    }

    [Fact]
    public async Task A_reloaded_setting_ends_it_at_once()
    {
        var server = await StartServerAsync();
        var client = await ConnectedAsync(server, Of("/peer"));
        Reload(server, ("Spiffe:AllowTlsResume", "false"));
        Assert.Equal(Peer, await AskAsync(client));
        AssertResumed(false);
        Assert.True(_relay.Connections[^1].IsOffered);
    }

    [Fact]
    public async Task A_client_whose_authority_has_left_the_bundle_is_refused()
    {
        var server = await StartServerAsync();
        var client = await ConnectedAsync(server, Of("/peer"));
        await ReissueAsync(server, Identity with { Authorities = [_pki.Root.Certificate] });
        await AssertRefusedAsync(client, RejectionReason.NotTrusted);
    }

    [Fact]
    public async Task A_client_of_a_trust_domain_that_is_gone_is_refused()
    {
        var partner = new TestPki("partner.example", intermediates: 1);
        _agent.Send(Identity.With("partner.example", partner.Root.Certificate));
        var server = await StartServerAsync();
        var client = await ConnectedAsync(server, new Presented(partner.Leaf("/peer")));
        await ReissueAsync(server, Identity);
        await AssertRefusedAsync(client, RejectionReason.UnknownTrustDomain, "spiffe://partner.example/peer");
    }

    [Fact]
    public async Task Another_bundle_refuses_nobody_whose_authority_is_still_in_it()
    {
        var server = await StartServerAsync();
        var client = await ConnectedAsync(server, Of("/peer"));
        await ReissueAsync(server, Identity.With("partner.example", new TestPki("partner.example").Root.Certificate));
        Assert.Equal(Peer, await AskAsync(client));
        AssertResumed(true);
    }

    [Fact]
    public async Task Another_SVID_of_ours_ends_all_sessions_and_refuses_nobody()
    {
        var server = await StartServerAsync();
        var client = await ConnectedAsync(server, Of("/peer"));
        await ReissueAsync(server, Identity with { Svid = _pki.Leaf("/server") });
        Assert.Equal(Peer, await AskAsync(client));
        AssertResumed(false);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_revoked_client_is_refused(bool intermediate)
    {
        foreach (var pki in (TestPki[])[_pki, _peerPki])
            await WriteListsAsync(pki, 1);
        var lists = new[] { _pki, _peerPki }.SelectMany((_, i) => new[] { $"root{i}.crl", $"issuer{i}.crl" }).Select((file, i) => ($"Spiffe:Revocation:Lists:example.org:{i}", (string?)_folder.PathOf(file)));
        var server = await StartServerAsync([.. lists]);
        await WaitForAsync("RevocationListTaken", Timeout, times: 4);
        var peer = _peerPki.Leaf("/peer");
        var client = await ConnectedAsync(server, new Presented(peer));
        Assert.Equal(Peer, await AskAsync(client));
        AssertResumed(true);

        if (intermediate) await ReplaceAsync("root1.crl", _peerPki.Root.List(2, null, peer.Intermediates[0]));
        else await ReplaceAsync("issuer1.crl", _peerPki.Issuer.List(2, null, peer.Leaf));
        await WaitForAsync("RevocationListTaken", Timeout, times: 5);
        await AssertRefusedAsync(client, RejectionReason.Revoked);
    }

    [Fact]
    public async Task A_client_that_is_not_allowed_any_more_is_refused()
    {
        var server = await StartServerAsync();
        var client = await ConnectedAsync(server, Of("/peer"));
        Reload(server, ("Spiffe:AllowedPeers:0", "spiffe://example.org/other"));
        await AssertRefusedAsync(client, RejectionReason.NotAllowed);
    }

    [Theory]
    [InlineData("leaf")]
    [InlineData("intermediate")]
    public async Task A_client_whose_chain_has_expired_is_refused(string what)
    {
        var time = new ManualTime();
        var soon = time.GetUtcNow().AddMinutes(10);
        var issuer = _peerPki.Root.Intermediate(i => what == "intermediate" ? i with { NotAfter = soon } : i);
        var svid = issuer.Leaf(l => what == "leaf" ? l with { Uris = [Peer], NotAfter = soon } : l with { Uris = [Peer] });
        var client = await ConnectedAsync(await StartServerAsync(time), new Presented(svid));
        time.Advance(TimeSpan.FromMinutes(11));
        await AssertRefusedAsync(client, RejectionReason.Expired);
    }

    // Two servers of one process with the same SVID take each other's sessions: the second has the client's leaf from its first handshake, and knows nothing of it.
    [Fact]
    public async Task A_leaf_that_the_server_does_not_know_any_more_is_refused_once_and_then_makes_a_full_handshake()
    {
        var (server, other) = (await StartServerAsync(), RelayTo(await StartServerAsync()));
        var client = await ConnectedAsync(server, Of("/peer"));
        for (var i = 0; i < 2; i++) Assert.Equal(Peer, await AskAsync(client, other));

        Assert.Equal([(true, true), (true, false), (true, false)], other.Connections.Select(c => (c.IsOffered, c.IsResumed)));
        Assert.Equal((RejectionReason.NotTrusted, Peer), await RefusalAsync());
    }

    [Theory]
    [InlineData(SpiffeServerMode.NoClientCertificate)]
    [InlineData(SpiffeServerMode.OptionalClientCertificate)]
    [InlineData(SpiffeServerMode.WebCertificate)]
    public async Task No_other_mode_gives_sessions_or_takes_them(SpiffeServerMode mode)
    {
        var mutual = await StartServerAsync();
        var other = RelayTo(await StartOtherAsync(mode));
        var client = await ConnectedAsync(mutual, Of("/peer"));
        for (var i = 0; i < 3; i++) await AskAsync(client, other);
        Assert.DoesNotContain(other.Connections, c => c.IsResumed);
        Assert.Equal(Peer, await AskAsync(client));
    }

    [Fact]
    public async Task An_endpoint_that_names_other_protocols_goes_on_without()
    {
        var client = await ConnectedAsync(await StartServerAsync(("Kestrel:Endpoints:Mesh:SslProtocols:0", "Tls12"), ("Kestrel:Endpoints:Mesh:SslProtocols:1", "Tls13")), Of("/peer"));
        Assert.Equal(Peer, await AskAsync(client));
        AssertResumed(false);
        using var old = ClientOf(Of("/peer").ToClientOptions(SslProtocols.Tls12), _relay.Address);
        Assert.Equal(Peer, await GetAsync(old));
    }

    [Fact]
    public async Task Endpoints_that_resume_speak_TLS_1_3_alone()
    {
        using var old = ClientOf(Of("/peer").ToClientOptions(SslProtocols.Tls12), NamedAddressOf(await StartServerAsync()));
        await Assert.ThrowsAsync<HttpRequestException>(() => GetAsync(old));
    }

    // A changed configuration makes Kestrel ask by itself, with a callback that does not know its connection (see CertificateModeTests).
    [Fact]
    public async Task Where_Kestrel_itself_asks_for_the_certificate_every_handshake_is_full()
    {
        var server = await StartServerAsync(("Kestrel:Endpoints:Mesh:ClientCertificateMode", "NoCertificate"));
        Reload(server, ("Kestrel:Endpoints:Mesh:ClientCertificateMode", "RequireCertificate"));
        await Logs.WaitForAsync(record => record.Message.StartsWith("Config changed. Starting the following endpoints", StringComparison.Ordinal), Timeout);
        var client = await ConnectedAsync(server, Of("/peer"));
        Assert.Equal(Peer, await AskAsync(client));
        AssertResumed(false);
    }

    // What .NET may do one day (dotnet/runtime#133174): the session is taken back, and our callback is not called.
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Where_the_framework_takes_a_session_back_without_asking_nobody_gets_in(bool ofOneEndpoint)
    {
        var builder = Builder(("Spiffe:EndpointSocket", _agent.Address), ("Spiffe:AllowTlsResume", "true"));
        if (ofOneEndpoint) builder.Services.AddSpiffeServer();
        else builder.WebHost.UseSpiffeMtls();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen => _ = ofOneEndpoint ? listen.UseSpiffe() : listen.UseHttps()));
        var server = await StartAsync(builder, app => Forget(Assert.Single(KestrelInternals.EndpointsOfCode(app.Services.GetRequiredService<IOptions<KestrelServerOptions>>().Value))));
        var client = await ConnectedAsync(server, Of("/peer"));

        if (ofOneEndpoint)
        {
            await Assert.ThrowsAsync<HttpRequestException>(() => AskAsync(client));
        }
        else
        {
            using var http = ClientOf(client, _relay.Address);
            using var response = await http.GetAsync("/", Timeout);
            Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
        }

        Assert.All(_relay.Connections.Skip(1), c => Assert.True(c.IsResumed));
        Assert.Empty(server.Services.GetRequiredService<PeerConnectionRegistry>().Verified.Skip(1));
    }

    private static void Forget(ListenOptions endpoint)
    {
        if (KestrelInternals.CallbackOptions(endpoint) is { } callback)
        {
            var ours = callback.OnConnection;
            callback.OnConnection = async context =>
            {
                var options = await ours(context);
                Forget(options);
                return options;
            };
        }

        if (KestrelInternals.HttpsOptions(endpoint) is { } https) https.OnAuthenticate += (_, options) => Forget(options);
    }

    // The client has an intermediate, so that a session without one is a resumed one.
    private static void Forget(SslServerAuthenticationOptions options)
    {
        var ours = options.RemoteCertificateValidationCallback!;
        options.RemoteCertificateValidationCallback = (stream, certificate, chain, errors) => chain!.ChainPolicy.ExtraStore.Count == 0 || ours(stream, certificate, chain, errors);
    }

    private Presented Of(string path) => new(_peerPki.Leaf(path));

    private Task<WebApplication> StartServerAsync(params (string Key, string? Value)[] settings) => StartServerAsync(TimeProvider.System, settings);

    private async Task<WebApplication> StartServerAsync(TimeProvider time, params (string Key, string? Value)[] settings)
    {
        var builder = Builder(
            ("Spiffe:EndpointSocket", _agent.Address), ("Spiffe:AllowedPeers:0", "spiffe:any"), ("Spiffe:AllowTlsResume", "true"), ("Spiffe:CloseWhenExpired", "false"),
            ("Kestrel:Endpoints:Mesh:Url", "https://127.0.0.1:0"));
        foreach (var (key, value) in settings) builder.Configuration[key] = value;
        builder.Services.AddSingleton(time);
        builder.WebHost.UseSpiffeMtls();
        return await StartAsync(builder);
    }

    private Task<WebApplication> StartOtherAsync(SpiffeServerMode mode)
    {
        var builder = Builder(("Spiffe:EndpointSocket", _agent.Address), ("Spiffe:AllowTlsResume", "true"));
        builder.Services.AddSpiffeServer();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(
            IPAddress.Loopback, 0, listen => listen.UseSpiffe(mode, mode == SpiffeServerMode.WebCertificate ? https => https.ServerCertificate = Identity.Svid.Leaf : null)));
        return StartAsync(builder);
    }

    // While a connection is open, so are the TLS contexts of both its ends, which keep the sessions (see ResumptionTests).
    private async Task<SslClientAuthenticationOptions> ConnectedAsync(WebApplication server, Presented peer)
    {
        _relay = RelayTo(server);
        var options = peer.ToClientOptions();
        var open = Client(_relay.Address, new SocketsHttpHandler { SslOptions = options });
        _open.Add(open);
        await GetAsync(open);
        return options;
    }

    private async Task<string> AskAsync(SslClientAuthenticationOptions options, Relay? relay = null)
    {
        using var client = ClientOf(options, (relay ?? _relay).Address);
        return await GetAsync(client);
    }

    private Task ReissueAsync(WebApplication server, TestIdentity next) => ReissueAsync(_agent, server.Services.GetRequiredService<X509Source>(), next);

    private static void Reload(WebApplication server, params (string Key, string? Value)[] settings)
    {
        foreach (var (key, value) in settings) server.Configuration[key] = value;
        ((IConfigurationRoot)server.Configuration).Reload();
    }

    private async Task WriteListsAsync(TestPki pki, int number)
    {
        var i = pki == _pki ? 0 : 1;
        await File.WriteAllBytesAsync(_folder.PathOf($"root{i}.crl"), pki.Root.List(number), Timeout);
        await File.WriteAllBytesAsync(_folder.PathOf($"issuer{i}.crl"), pki.Issuer.List(number), Timeout);
    }

    private async Task ReplaceAsync(string file, byte[] list)
    {
        await File.WriteAllBytesAsync(_folder.PathOf("next.crl"), list, Timeout);
        File.Move(_folder.PathOf("next.crl"), _folder.PathOf(file), overwrite: true);
    }

    // The framework's client tries again by itself: the first time with its session, and then, because that was refused, without.
    private async Task AssertRefusedAsync(SslClientAuthenticationOptions options, RejectionReason reason, string claimed = Peer)
    {
        using var client = ClientOf(options, _relay.Address);
        var before = _relay.Connections.Count;
        await Assert.ThrowsAsync<HttpRequestException>(() => GetAsync(client));
        Assert.Equal((reason, claimed), await RefusalAsync());
        Assert.Equal((true, true), (_relay.Connections[before].IsOffered, _relay.Connections[before].IsResumed));
        Assert.All(_relay.Connections.Skip(before + 1), c => Assert.False(c.IsResumed));
    }

    private async Task<(RejectionReason, string)> RefusalAsync()
    {
        var refusal = await WaitForAsync("PeerRefused", Timeout);
        return ((RejectionReason)refusal.Values["Reason"]!, $"{refusal.Values["SpiffeId"]}");
    }

    private void AssertResumed(params bool[] afterTheFirst) => Assert.Equal([false, .. afterTheFirst], _relay.Connections.Select(c => c.IsResumed));
}
