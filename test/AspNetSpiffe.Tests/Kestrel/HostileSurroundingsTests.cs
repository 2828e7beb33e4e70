using System.Diagnostics.Metrics;
using System.Net;
using AspNetSpiffe.TestKit;
using AspNetSpiffe.Tests.Handshakes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace AspNetSpiffe.Tests.Kestrel;

/// <summary>Whatever code around us throws or blocks, connections end for whom they must, and nobody else notices.</summary>
public sealed class HostileSurroundingsTests(ITestOutputHelper output) : IssuedTest(output)
{
    private const int Peers = 20;
    private static readonly TimeSpan Drain = TimeSpan.FromSeconds(30);

    private readonly TestPki _pki = new("example.org");
    private readonly TestPki _peerPki = new("example.org");
    private readonly ManualTime _time = new(TimeProvider.System.GetUtcNow());
    private FakeAgent _agent = null!;

    // The collector closes idle connections of a client that nobody holds.
    private readonly List<HttpClient> _connected = [];

    private TestIdentity Identity => new(_pki.Leaf("/server"), _pki.Root.Certificate, _peerPki.Root.Certificate);

    [Theory, Trait("Trial", "H-01"), Trait("Spec", "XV-ad")]
    [InlineData(Fault.Throws)]
    [InlineData(Fault.Blocks)]
    public async Task All_connections_of_a_retired_CA_end_and_a_good_peer_comes_and_goes(Fault fault)
    {
        using var foreign = new ForeignCode(fault);
        var server = await StartAsync(foreign);
        var clients = await ConnectAllAsync(server);

        foreign.Begin();
        await ReissueAsync(_agent, server.Services.GetRequiredService<X509Source>(), Identity with { Authorities = [_pki.Root.Certificate] });

        await AssertAllRefusedAsync(clients);
        await AssertServesAsync(server);
        await AssertFaultIsToldAsync(fault, foreign);
    }

    [Theory, Trait("Trial", "H-01")]
    [InlineData(Fault.Throws)]
    [InlineData(Fault.Blocks)]
    public async Task All_connections_of_expired_peers_end_by_the_timer(Fault fault)
    {
        using var foreign = new ForeignCode(fault);
        var server = await StartAsync(foreign);
        var clients = await ConnectAllAsync(server, lifetime: TimeSpan.FromMinutes(5));

        foreign.Begin();
        _time.Advance(TimeSpan.FromMinutes(5) + TimeSpan.FromSeconds(2));

        await AssertAllRefusedAsync(clients);
        await AssertServesAsync(server);
        await AssertFaultIsToldAsync(fault, foreign);
    }

    [Theory, Trait("Trial", "H-01")]
    [InlineData(Fault.Throws)]
    [InlineData(Fault.Blocks)]
    public async Task All_connections_of_peers_that_are_no_longer_allowed_end_on_a_reload(Fault fault)
    {
        using var foreign = new ForeignCode(fault);
        var server = await StartAsync(foreign);
        var clients = await ConnectAllAsync(server);
        using var subscription = server.Services.GetRequiredService<AllowedPeers>().GetChangeToken().RegisterChangeCallback(_ => foreign.Misbehave(), null);

        foreign.Begin();
        server.Configuration["Spiffe:AllowedPeers:0"] = "spiffe://example.org/good";
        ((IConfigurationRoot)server.Configuration).Reload();

        await AssertAllRefusedAsync(clients);
        await AssertServesAsync(server);
        await AssertFaultIsToldAsync(fault, foreign);
    }

    [Theory, Trait("Trial", "H-01")]
    [InlineData(Fault.Throws)]
    [InlineData(Fault.Blocks)]
    public async Task Requests_that_do_not_finish_in_time_are_cut_off_on_all_connections(Fault fault)
    {
        using var foreign = new ForeignCode(fault);
        var aborted = new CountdownEvent(Peers);
        var started = new SemaphoreSlim(0);
        var server = await StartAsync(foreign, app => app.MapGet("/endless", async (HttpContext http) =>
        {
            var end = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            using var registration = http.RequestAborted.Register(end.SetResult);
            started.Release();
            await end.Task;
            aborted.Signal();
        }));
        var clients = await ConnectAllAsync(server, lifetime: TimeSpan.FromMinutes(5));
        var answers = clients.Select(client => client.GetAsync(new Uri("/endless", UriKind.Relative), Timeout)).ToArray();
        for (var i = 0; i < Peers; i++) await started.WaitAsync(Timeout);

        foreign.Begin();
        _time.Advance(TimeSpan.FromMinutes(5) + TimeSpan.FromSeconds(2));
        Assert.Equal(Peers, aborted.CurrentCount);
        _time.Advance(Drain + TimeSpan.FromSeconds(1));

        foreach (var answer in answers) await Assert.ThrowsAnyAsync<HttpRequestException>(() => answer);
        await UntilAsync(() => aborted.IsSet);
        await AssertServesAsync(server);
    }

    [Theory, Trait("Trial", "H-01")]
    [InlineData("IsEnabled")]
    [InlineData("BeginScope")]
    [InlineData("Log")]
    public async Task A_log_provider_that_throws_changes_no_verdict_on_a_request(string method)
    {
        using var foreign = new ForeignCode(Fault.Throws) { Methods = [method] };
        var server = await StartAsync(foreign, app =>
        {
            app.LogIdentity();
            app.MapGet("/good", () => "welcome").RequireAuthorization("spiffe://example.org/good");
            app.MapGet("/guarded", () => "welcome").RequireSpiffe("spiffe://example.org/good");
        });
        if (method == "BeginScope") ExpectWarning("LogScopeFailed");
        using var good = ClientOf(new Presented(_pki.Leaf("/good")), NamedAddressOf(server));
        using var other = ClientOf(new Presented(_pki.Leaf("/other")), NamedAddressOf(server));

        foreign.Begin();
        foreach (var path in new[] { "/good", "/guarded" })
        {
            Assert.Equal("welcome", await GetAsync(good, path: path));
            using var refused = await other.GetAsync(new Uri(path, UriKind.Relative), Timeout);
            Assert.Equal(HttpStatusCode.Forbidden, refused.StatusCode);
        }
    }

    [Fact, Trait("Trial", "H-01")]
    public async Task What_the_connections_were_ended_for_is_still_logged_by_the_other_provider()
    {
        using var foreign = new ForeignCode(Fault.Throws);
        var server = await StartAsync(foreign);
        await ConnectAllAsync(server);

        foreign.Begin();
        await ReissueAsync(_agent, server.Services.GetRequiredService<X509Source>(), Identity with { Authorities = [_pki.Root.Certificate] });

        await WaitForAsync("PeerConnectionEnded", Timeout, times: Peers);
        await AssertFaultIsToldAsync(Fault.Throws, foreign);
    }

    private async Task<WebApplication> StartAsync(ForeignCode foreign, Action<WebApplication>? map = null)
    {
        AllowWarning("ListenerFailed");
        AllowWarning("ConnectionCallbackFailed");
        AllowWarning("AllowedPeersSubscriberFailed");
        AllowWarning("SubscriberFailed");

        // Kestrel's own word for a callback that throws when the connection is closed.
        AllowWarning("");
        _agent = await IssueAsync(Identity);
        var builder = Builder(
            ("Spiffe:EndpointSocket", _agent.Address), ("Spiffe:AllowedPeers:0", "spiffe://example.org/**"), ("Kestrel:Endpoints:Mesh:Url", "https://127.0.0.1:0"));

        // The one that misbehaves is asked first.
        builder.Logging.ClearProviders().AddProvider(foreign).AddProvider(Logs);
        builder.Services.AddSingleton<TimeProvider>(_time);
        builder.WebHost.UseSpiffeMtls(options => options.DrainTimeout = Drain);
        var server = await StartAsync(builder, app =>
        {
            app.MapGet("/register", foreign.Register);
            map?.Invoke(app);
        });
        foreign.Listen(server.Services.GetRequiredService<IMeterFactory>());
        return server;
    }

    /// <summary>Opens a connection for each peer, half of them HTTP/1.1 and half HTTP/2, on which the application registers callbacks.</summary>
    private async Task<HttpClient[]> ConnectAllAsync(WebApplication server, TimeSpan? lifetime = null)
    {
        var clients = new HttpClient[Peers];
        for (var i = 0; i < Peers; i++)
        {
            var svid = _peerPki.Leaf(l => l with { Uris = [$"spiffe://example.org/peer{i}"], NotAfter = lifetime is { } life ? _time.GetUtcNow() + life : l.NotAfter });
            _connected.Add(clients[i] = Client(NamedAddressOf(server), new SocketsHttpHandler { SslOptions = new Presented(svid).ToClientOptions() }));
            (clients[i].DefaultRequestVersion, clients[i].DefaultVersionPolicy) = (i % 2 == 0 ? HttpVersion.Version11 : HttpVersion.Version20, HttpVersionPolicy.RequestVersionExact);
            using var response = await clients[i].GetAsync(new Uri("/register", UriKind.Relative), Timeout);
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        }

        return clients;
    }

    // Refused over the connection that it has, or over the next one. The client stays: what it closes, the server need not ask to close.
    private async Task AssertAllRefusedAsync(HttpClient[] clients)
    {
        foreach (var client in clients)
            while (await IsServedAsync(client)) Timeout.ThrowIfCancellationRequested();
    }

    private async Task<bool> IsServedAsync(HttpClient client)
    {
        try
        {
            using var response = await client.GetAsync(new Uri("/", UriKind.Relative), Timeout);
            return response.StatusCode != HttpStatusCode.Unauthorized;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    private async Task AssertServesAsync(WebApplication server)
    {
        using var good = ClientOf(new Presented(_pki.Leaf("/good")), NamedAddressOf(server));
        Assert.Equal("spiffe://example.org/good", await GetAsync(good, "1.1"));
        Assert.Equal("spiffe://example.org/good", await GetAsync(good, "2.0"));
    }

    // A provider that blocks is asked no more, but the other one has heard of nothing but the events before it.
    private async Task AssertFaultIsToldAsync(Fault fault, ForeignCode foreign)
    {
        await UntilAsync(() => foreign.Calls > 0);
        if (fault == Fault.Blocks) return;

        await WaitForAsync("ConnectionCallbackFailed", Timeout);
        await WaitForAsync("ListenerFailed", Timeout);
        Assert.Single(Logs.All, record => record.Event.Name == "ConnectionCallbackFailed");
    }

    private async Task UntilAsync(Func<bool> condition)
    {
        while (!condition())
        {
            Timeout.ThrowIfCancellationRequested();
            await Task.Yield();
        }
    }
}
