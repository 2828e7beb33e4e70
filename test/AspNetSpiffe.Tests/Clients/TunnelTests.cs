using System.Security.Authentication;
using AspNetSpiffe.TestKit;
using AspNetSpiffe.Tests.Handshakes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace AspNetSpiffe.Tests.Clients;

/// <summary>A connection through a proxy begins and ends as one without.</summary>
public sealed class TunnelTests(ITestOutputHelper output) : IssuedTest(output)
{
    private readonly TestPki _pki = new("example.org", intermediates: 1);
    private readonly TestPki _peerPki = new("example.org", intermediates: 1);
    private readonly ManualTime _time = new();

    private TestIdentity Identity => new(_pki.Leaf("/client"), _pki.Root.Certificate, _peerPki.Root.Certificate);

    [Theory]
    [InlineData("1.1")]
    [InlineData("2.0")]
    public async Task A_renewed_SVID_is_shown_in_a_tunnel_of_its_own(string version)
    {
        var agent = await IssueAsync(Identity);
        var server = await StartServerAsync(agent, map: app => app.MapGet("/serial", (HttpContext http) => http.Connection.ClientCertificate!.SerialNumber));
        var (clientAgent, proxy) = (await IssueAsync(Identity), Keep(new ConnectProxy()));
        var source = await SourceAsync(clientAgent);
        using var client = Client(AddressOf(server), SpiffeHttpHandler.Create(source, SpiffeIdPattern.Any, proxy.Use));

        for (var i = 1; i <= 3; i++)
        {
            Assert.Equal(source.Current!.DefaultSvid.Leaf.SerialNumber, await GetAsync(client, version, "/serial"));
            Assert.Equal(source.Current!.DefaultSvid.Leaf.SerialNumber, await GetAsync(client, version, "/serial"));
            Assert.Equal(i, proxy.Tunnels.Count);
            await ReissueAsync(clientAgent, source, Identity);
        }
    }

    [Theory, Trait("Spec", "XV-p")]
    [InlineData("1.1")]
    [InlineData("2.0")]
    public async Task A_server_whose_CA_leaves_the_bundle_is_left_at_once_and_cut_off_in_time(string version)
    {
        var (started, aborted) = (new TaskCompletionSource(), new TaskCompletionSource());
        var server = await StartServerAsync(await IssueAsync(Identity with { Svid = _peerPki.Leaf("/server") }), map: app => app.MapGet("/endless", async (HttpContext http) =>
        {
            using var registration = http.RequestAborted.Register(() => aborted.SetResult());
            started.SetResult();
            await aborted.Task;
        }));
        var (agent, proxy) = (await IssueAsync(Identity), Keep(new ConnectProxy()));
        var source = await TimedSourceAsync(agent);
        using var client = Client(AddressOf(server), SpiffeHttpHandler.Create(source, SpiffeIdPattern.Parse(Expected), proxy.Use));
        var answer = GetAsync(client, version, "/endless");
        await started.Task.WaitAsync(Timeout);

        await ReissueAsync(agent, source, Identity with { Authorities = [_pki.Root.Certificate] });
        Assert.Equal(RejectionReason.NotTrusted, (await WaitForAsync("ServerConnectionEnded", Timeout)).Values["Reason"]);
        await AssertServerRefusedAsync(client, RejectionReason.NotTrusted, Expected, version);
        Assert.False(aborted.Task.IsCompleted);

        _time.Advance(TimeSpan.FromSeconds(31));
        await WaitForAsync("ServerConnectionAborted", Timeout);
        await aborted.Task.WaitAsync(Timeout);
        await Assert.ThrowsAsync<HttpRequestException>(() => answer);
    }

    [Theory, Trait("Spec", "XV-p")]
    [InlineData("1.1")]
    [InlineData("2.0")]
    public async Task A_bundle_that_changes_counts_from_the_next_tunnel_on(string version)
    {
        var server = await StartServerAsync(new Presented(_peerPki.Leaf("/server")));
        var (agent, identity) = (await IssueAsync(Identity with { Authorities = [_pki.Root.Certificate] }), Identity);
        var source = await SourceAsync(agent);
        using var client = ClientOf(source, server);
        await AssertServerRefusedAsync(client, RejectionReason.NotTrusted, Expected, version);

        await ReissueAsync(agent, source, identity);
        await GetAsync(client, version);
        await ReissueAsync(agent, source, identity with { Authorities = [_pki.Root.Certificate] });
        await AssertServerRefusedAsync(client, RejectionReason.NotTrusted, Expected, version);
    }

    [Fact, Trait("Spec", "XV-p")]
    public async Task The_time_of_the_handshake_counts_not_that_of_the_pool()
    {
        var now = _time.GetUtcNow();
        var early = await StartServerAsync(new Presented(_peerPki.Leaf(l => l with { Uris = [Expected], NotAfter = now.AddMinutes(10) })));
        var late = await StartServerAsync(new Presented(_peerPki.Leaf(l => l with { Uris = [Expected], NotBefore = now.AddMinutes(10) })));
        var source = await TimedSourceAsync(await IssueAsync(Identity));
        using var toEarly = ClientOf(source, early);
        using var toLate = ClientOf(source, late);
        await GetAsync(toEarly);
        await AssertServerRefusedAsync(toLate, RejectionReason.NotYetValid, Expected);

        _time.Advance(TimeSpan.FromMinutes(11));
        await AssertServerRefusedAsync(toEarly, RejectionReason.Expired, Expected);
        await GetAsync(toLate);
    }

    [Fact]
    public async Task A_server_whose_SVID_expires_is_left()
    {
        var server = await StartServerAsync(new Presented(_peerPki.Leaf(l => l with { Uris = [Expected], NotAfter = _time.GetUtcNow().AddMinutes(10) })));
        var source = await TimedSourceAsync(await IssueAsync(Identity));
        using var client = Client(AddressOf(server), SpiffeHttpHandler.Create(source, SpiffeIdPattern.Any, Keep(new ConnectProxy()).Use));
        await GetAsync(client);

        _time.Advance(TimeSpan.FromMinutes(11));
        await AssertServerRefusedAsync(client, RejectionReason.Expired, Expected);
        Assert.Equal(RejectionReason.Expired, (await WaitForAsync("ServerConnectionEnded", Timeout)).Values["Reason"]);
    }

    [Fact]
    public async Task A_hundred_tunnels_leave_nothing_behind_for_the_next()
    {
        var (server, proxy) = (await StartServerAsync(new Presented(_peerPki.Leaf("/server"))), Keep(new ConnectProxy()));
        using var client = ClientOf(await SourceAsync(await IssueAsync(Identity)), server, proxy);
        await Parallel.ForAsync(0, 100, Timeout, async (i, _) => await GetAsync(client, i % 2 == 0 ? "1.1" : "2.0"));
        Assert.InRange(proxy.Tunnels.Count, 50, 100);
    }

    [Fact]
    public async Task Without_an_SVID_no_proxy_is_called_and_with_one_again_it_is()
    {
        var (server, proxy) = (await StartServerAsync(new Presented(_peerPki.Leaf("/server"))), Keep(new ConnectProxy()));
        var agent = await IssueAsync(Identity);
        var source = await SourceAsync(agent);
        source.Withdraw();
        using var client = ClientOf(source, server, proxy);
        var error = await Assert.ThrowsAsync<HttpRequestException>(() => GetAsync(client));
        Assert.Contains("There is no SVID", Assert.IsType<AuthenticationException>(error.InnerException).Message, StringComparison.Ordinal);
        Assert.Equal(0, proxy.Connections);

        await ReissueAsync(agent, source, Identity);
        await GetAsync(client);
    }

    [Fact]
    public async Task An_SVID_of_ours_that_has_expired_is_not_shown()
    {
        ExpectWarning("SvidNotRenewed");
        ExpectWarning("SvidExpired");
        AllowWarning("SvidNotRenewed");
        AllowWarning("SvidExpired");
        var identity = Identity with { Svid = _pki.Leaf(l => l with { NotAfter = _time.GetUtcNow().AddMinutes(10) }) };
        var (server, proxy) = (await StartServerAsync(new Presented(_peerPki.Leaf("/server"))), Keep(new ConnectProxy()));
        using var client = ClientOf(await TimedSourceAsync(await IssueAsync(identity)), server, proxy);
        await GetAsync(client);

        _time.Advance(TimeSpan.FromMinutes(11));
        var error = await Assert.ThrowsAsync<HttpRequestException>(() => GetAsync(client));
        Assert.Contains("expired at", Assert.IsType<AuthenticationException>(error.InnerException).Message, StringComparison.Ordinal);
        Assert.Single(proxy.Tunnels);
    }

    [Fact]
    public async Task An_SVID_of_ours_that_has_expired_is_not_shown_on_a_connection_that_the_proxy_kept_either()
    {
        ExpectWarning("SvidNotRenewed");
        ExpectWarning("SvidExpired");
        AllowWarning("SvidNotRenewed");
        AllowWarning("SvidExpired");
        var identity = Identity with { Svid = _pki.Leaf(l => l with { NotAfter = _time.GetUtcNow().AddMinutes(10) }) };
        var (server, proxy) = (await StartServerAsync(new Presented(_peerPki.Leaf("/server"))), Keep(new ConnectProxy { Refusal = "502 Bad Gateway" }));
        var source = await TimedSourceAsync(await IssueAsync(identity));
        using var client = Client(AddressOf(server), SpiffeHttpHandler.Create(source, SpiffeIdPattern.Any, proxy.Use));
        await Assert.ThrowsAsync<HttpRequestException>(() => GetAsync(client));

        proxy.Refusal = null;
        _time.Advance(TimeSpan.FromMinutes(11));
        var error = await Assert.ThrowsAsync<HttpRequestException>(() => GetAsync(client));
        Assert.Contains("expired at", Assert.IsType<AuthenticationException>(error.InnerException).Message, StringComparison.Ordinal);
        Assert.Equal(1, proxy.Connections);
    }

    /// <summary>A client that opens a tunnel for each request.</summary>
    private HttpClient ClientOf(X509Source source, WebApplication server, TunnelProxy? proxy = null) =>
        Client(AddressOf(server), SpiffeHttpHandler.Create(source, SpiffeIdPattern.Any, handler =>
        {
            (proxy ?? Keep(new ConnectProxy())).Use(handler);
            handler.PooledConnectionLifetime = TimeSpan.Zero;
        }));

    private async Task<X509Source> TimedSourceAsync(FakeAgent agent)
    {
        var source = Keep(new X509Source(new SpiffeOptions { EndpointSocket = agent.Address }, Loggers, null, _time));
        source.Start();
        await source.WaitForFirstAsync(Timeout);
        return source;
    }
}
