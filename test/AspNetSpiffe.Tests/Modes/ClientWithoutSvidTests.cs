using System.Security.Cryptography.X509Certificates;
using AspNetSpiffe.TestKit;
using AspNetSpiffe.Tests.Clients;
using AspNetSpiffe.Wire;
using Google.Protobuf;
using Grpc.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace AspNetSpiffe.Tests.Modes;

/// <summary>Clients in the mode NoClientCertificate: the server is verified by its SPIFFE ID, and sees no certificate.</summary>
public sealed class ClientWithoutSvidTests(ITestOutputHelper output) : ModeTest(output)
{
    public static TheoryData<string> Versions => ["1.1", "2.0"];

    [Theory, MemberData(nameof(Versions))]
    public async Task The_server_is_verified_and_sees_no_certificate_though_it_asks(string version)
    {
        var server = await StartAsync(SpiffeServerMode.OptionalClientCertificate, "configuration");
        using var client = Client(NamedAddressOf(server), SpiffeHttpHandler.CreateTls(await BundlesAsync(), SpiffeIdPattern.Parse(Expected)));
        Assert.Equal("nobody", await GetAsync(client, version));
        Assert.Equal("none", await GetAsync(client, version, "/certificate"));
    }

    [Theory, MemberData(nameof(Versions))]
    public async Task A_host_with_an_SVID_shows_it_with_its_other_clients_only(string version)
    {
        var server = await StartAsync(SpiffeServerMode.OptionalClientCertificate, "configuration");
        using var host = await HostAsync(services =>
        {
            services.AddHttpClient("mutual", client => client.BaseAddress = NamedAddressOf(server)).AddSpiffeMtls(Expected);
            services.AddHttpClient("public", client => client.BaseAddress = NamedAddressOf(server)).AddSpiffeTls(Expected);
        });
        var clients = host.Services.GetRequiredService<IHttpClientFactory>();
        foreach (var (name, caller) in new[] { ("mutual", ClientId), ("public", "nobody"), ("mutual", ClientId) })
        {
            using var client = clients.CreateClient(name);
            Assert.Equal(caller, await GetAsync(client, version));
        }
    }

    [Theory, MemberData(nameof(Versions))]
    public async Task A_token_says_who_calls_where_no_certificate_does(string version)
    {
        var server = await StartAsync(SpiffeServerMode.NoClientCertificate, "configuration");
        using var host = await HostAsync(services => services.AddHttpClient("tokens", client => client.BaseAddress = NamedAddressOf(server)).AddSpiffeTls(Expected).AddSpiffeJwt(Audience));
        using var client = host.Services.GetRequiredService<IHttpClientFactory>().CreateClient("tokens");
        Assert.Equal("caller /client, peer -, token /client, user /client", await GetAsync(client, version, "/token"));
    }

    [Theory, MemberData(nameof(Versions))]
    public async Task A_server_with_another_ID_is_refused(string version)
    {
        var server = await StartAsync(SpiffeServerMode.NoClientCertificate, "configuration");
        using var client = Client(NamedAddressOf(server), SpiffeHttpHandler.CreateTls(await BundlesAsync(), SpiffeIdPattern.Parse("spiffe://example.org/database")));
        var refusal = await Assert.ThrowsAsync<SpiffePeerRejectedException>(() => GetAsync(client, version));
        Assert.Equal((RejectionReason.NotAllowed, Expected, "spiffe://example.org/database"), (refusal.Reason, refusal.Id!.ToString(), refusal.Expected.ToString()));
    }

    [Theory, MemberData(nameof(Versions))]
    public async Task A_server_of_an_unknown_trust_domain_is_refused(string version)
    {
        var other = await StartAgentAsync("other.org", "client");
        var server = await StartAsync(SpiffeServerMode.NoClientCertificate, "configuration");
        using var client = Client(NamedAddressOf(server), SpiffeHttpHandler.CreateTls(await BundlesAsync(other), SpiffeIdPattern.Any));
        Assert.Equal(RejectionReason.UnknownTrustDomain, (await Assert.ThrowsAsync<SpiffePeerRejectedException>(() => GetAsync(client, version))).Reason);
    }

    [Theory, MemberData(nameof(Versions))]
    public async Task A_server_that_has_only_the_name_of_the_one_that_is_meant_is_refused(string version)
    {
        var impostor = await StartAgentAsync("example.org", "client");
        var server = await StartAsync(SpiffeServerMode.NoClientCertificate, "configuration");
        using var client = Client(NamedAddressOf(server), SpiffeHttpHandler.CreateTls(await BundlesAsync(impostor), SpiffeIdPattern.Parse(Expected)));
        Assert.Equal(RejectionReason.NotTrusted, (await Assert.ThrowsAsync<SpiffePeerRejectedException>(() => GetAsync(client, version))).Reason);
    }

    [Theory, MemberData(nameof(Versions))]
    public async Task A_server_whose_CA_leaves_the_bundle_is_left(string version)
    {
        var server = await StartAsync(SpiffeServerMode.NoClientCertificate, "configuration");
        var agent = Keep(await FakeAgent.StartAsync());
        agent.Send(BundlesOf(Agent.X509Authorities));
        var bundles = Keep(await X509BundleSource.StartAsync(new() { EndpointSocket = agent.Address }, Loggers, Timeout));
        using var client = Client(NamedAddressOf(server), SpiffeHttpHandler.CreateTls(bundles, SpiffeIdPattern.Parse(Expected)));
        Assert.Equal("nobody", await GetAsync(client, version));

        agent.Send(BundlesOf([new TestPki().Root.Certificate]));
        Assert.Equal(RejectionReason.NotTrusted, (await WaitForAsync("ServerConnectionEnded", Timeout)).Values["Reason"]);
        Assert.Equal(RejectionReason.NotTrusted, (await Assert.ThrowsAsync<SpiffePeerRejectedException>(() => GetAsync(client, version))).Reason);

        agent.Send(BundlesOf(Agent.X509Authorities));
        await WaitForAsync("X509BundlesRenewed", Timeout, times: 3);
        Assert.Equal("nobody", await GetAsync(client, version));
    }

    [Fact]
    public async Task An_agent_that_gives_no_identity_is_enough_and_is_asked_for_nothing_but_bundles()
    {
        var server = await StartAsync(SpiffeServerMode.NoClientCertificate, "configuration");
        var agent = Keep(await FakeAgent.StartAsync());
        agent.Send(BundlesOf(Agent.X509Authorities));
        using var host = await HostAsync(services => services.AddHttpClient("public", client => client.BaseAddress = NamedAddressOf(server)).AddSpiffeTls(Expected), agent.Address);
        using var client = host.Services.GetRequiredService<IHttpClientFactory>().CreateClient("public");
        Assert.Equal("nobody", await GetAsync(client, "2.0"));
        Assert.EndsWith("/FetchX509Bundles", Assert.Single(agent.Calls).Path, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_bundles_the_start_fails_in_time_and_says_why()
    {
        ExpectWarning("AgentUnavailable");
        AllowWarning("HostedServiceStartupFaulted");
        var (agent, time) = (Keep(await FakeAgent.StartAsync()), new ManualTime());
        agent.OnEachCall = refusing => refusing.CloseWith(StatusCode.PermissionDenied, "not for you");
        var starting = HostAsync(
            services =>
            {
                services.AddSingleton<TimeProvider>(time);
                services.AddHttpClient("public").AddSpiffeTls(Expected);
            },
            agent.Address);
        await WaitForAsync("AgentUnavailable", Timeout);
        time.Advance(TimeSpan.FromSeconds(30));
        var error = await Assert.ThrowsAsync<InvalidOperationException>(() => starting);
        Assert.StartsWith($"The SPIFFE Workload API at '{agent.Address}' sent no X.509 bundles within 30 s. It answered 'PermissionDenied: not for you'.", error.Message, StringComparison.Ordinal);
    }

    [Theory, MemberData(nameof(Versions))]
    public async Task Before_the_first_bundles_nothing_is_sent_and_after_them_all_goes_on(string version)
    {
        var server = await StartAsync(SpiffeServerMode.NoClientCertificate, "configuration");
        var (agent, proxy) = (Keep(await FakeAgent.StartAsync()), Keep(new ConnectProxy()));
        var bundles = Keep(new X509BundleSource(new() { EndpointSocket = agent.Address }, Loggers, null, TimeProvider.System));
        using var direct = Client(NamedAddressOf(server), SpiffeHttpHandler.CreateTls(bundles, SpiffeIdPattern.Parse(Expected)));
        using var tunnelled = Client(NamedAddressOf(server), SpiffeHttpHandler.CreateTls(bundles, SpiffeIdPattern.Parse(Expected), proxy.Use));
        foreach (var client in new[] { direct, tunnelled })
        {
            var failure = await Assert.ThrowsAsync<HttpRequestException>(() => GetAsync(client, version));
            Assert.Equal("There are no X.509 bundles: their source was never started.", failure.InnerException!.Message);
        }

        agent.Send(BundlesOf(Agent.X509Authorities));
        bundles.Start();
        await bundles.WaitForFirstAsync(Timeout);
        Assert.Equal("nobody", await GetAsync(direct, version));
        Assert.Equal("nobody", await GetAsync(tunnelled, version));
        Assert.Single(proxy.Tunnels);
    }

    [Theory, MemberData(nameof(Versions))]
    public async Task A_server_at_the_end_of_a_tunnel_is_verified_too(string version)
    {
        var server = await StartAsync(SpiffeServerMode.OptionalClientCertificate, "configuration");
        var (bundles, proxy) = (await BundlesAsync(), Keep(new ConnectProxy()));
        using var client = Client(NamedAddressOf(server), SpiffeHttpHandler.CreateTls(bundles, SpiffeIdPattern.Parse(Expected), proxy.Use));
        Assert.Equal("none", await GetAsync(client, version, "/certificate"));
        using var wrong = Client(NamedAddressOf(server), SpiffeHttpHandler.CreateTls(bundles, SpiffeIdPattern.Parse("spiffe://example.org/database"), proxy.Use));
        Assert.Equal(RejectionReason.NotAllowed, (await Assert.ThrowsAsync<SpiffePeerRejectedException>(() => GetAsync(wrong, version))).Reason);
    }

    [Theory, MemberData(nameof(Versions))]
    public async Task A_server_that_wants_a_certificate_refuses_us_and_the_error_says_what_may_be_missing(string version)
    {
        var server = await StartAsync(SpiffeServerMode.Mutual, "configuration");
        using var client = Client(NamedAddressOf(server), SpiffeHttpHandler.CreateTls(await BundlesAsync(), SpiffeIdPattern.Parse(Expected)));
        var failure = await Assert.ThrowsAsync<HttpRequestException>(() => GetAsync(client, version));
        Assert.Contains("It may require a client certificate, and this client presents none", failure.Message, StringComparison.Ordinal);
        Assert.Equal(RejectionReason.NoCertificate, (await WaitForAsync("PeerRefused", Timeout)).Values["Reason"]);
    }

    [Fact]
    public async Task A_setting_that_would_show_a_certificate_is_refused()
    {
        var (bundles, svid) = (await BundlesAsync(), await SvidAsync());
        var error = Assert.Throws<InvalidOperationException>(() =>
            SpiffeHttpHandler.CreateTls(bundles, SpiffeIdPattern.Any, handler => handler.SslOptions.ClientCertificates = [svid.Leaf]));
        Assert.Contains("the client presents no certificate", error.Message, StringComparison.Ordinal);
    }

    private static X509BundlesResponse BundlesOf(IEnumerable<X509Certificate2> authorities) => new() { Bundles = { ["spiffe://example.org"] = ByteString.CopyFrom(TestPki.Der(authorities)) } };

    private async Task<X509BundleSource> BundlesAsync(DevAgent? agent = null) =>
        Keep(await X509BundleSource.StartAsync(new() { EndpointSocket = (agent ?? Agent).AddressOf("client") }, Loggers, Timeout));

    private async Task<IHost> HostAsync(Action<IServiceCollection> configure, string? address = null)
    {
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Services.Configure<SpiffeOptions>(options => options.EndpointSocket = address ?? Agent.AddressOf("client"));
        builder.Logging.AddProvider(Logs);
        configure(builder.Services);
        var host = builder.Build();
        try
        {
            await host.StartAsync(Timeout);
            return host;
        }
        catch
        {
            host.Dispose();
            throw;
        }
    }
}
