using System.Diagnostics.Metrics;
using System.Runtime.CompilerServices;
using AspNetSpiffe.TestKit;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;

namespace AspNetSpiffe.Tests.Clients;

/// <summary>A client's connections end as a server's do.</summary>
public sealed class RetiredConnectionTests(ITestOutputHelper output) : MeshTest(output)
{
    [Theory]
    [InlineData("1.1")]
    [InlineData("2.0")]
    public async Task A_connection_is_kept_as_long_as_nothing_changes_and_left_when_our_SVID_is_renewed(string version)
    {
        var server = await StartServerAsync(map: app => app.MapGet("/connection", (HttpContext http) => http.Connection.Id));
        var source = await SourceAsync("client");
        using var client = Client(AddressOf(server), SpiffeHttpHandler.Create(source, SpiffeIdPattern.Parse(Expected)));

        var first = await GetAsync(client, version, "/connection");
        Assert.Equal(first, await GetAsync(client, version, "/connection"));

        await RotateAsync("client", source);
        Assert.NotEqual(first, await GetAsync(client, version, "/connection"));
    }

    [Theory]
    [InlineData("1.1")]
    [InlineData("2.0")]
    public async Task A_request_under_way_finishes_on_the_connection_of_the_old_SVID_which_is_closed_then(string version)
    {
        var (started, finish, closed) = (new TaskCompletionSource(), new TaskCompletionSource(), new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        var server = await StartServerAsync(map: app => app.MapGet("/slow", async (HttpContext http) =>
        {
            http.Features.GetRequiredFeature<IConnectionLifetimeFeature>().ConnectionClosed.Register(closed.SetResult);
            started.SetResult();
            await finish.Task;
            return "finished";
        }));
        var source = await SourceAsync("client");
        using var client = Client(AddressOf(server), SpiffeHttpHandler.Create(source, SpiffeIdPattern.Parse(Expected)));
        var answer = GetAsync(client, version, "/slow");
        await started.Task.WaitAsync(Timeout);

        await RotateAsync("client", source);
        await GetAsync(client, version);
        finish.SetResult();
        Assert.Equal("finished", await answer);
        await closed.Task.WaitAsync(Timeout);
    }

    [Theory]
    [InlineData("1.1")]
    [InlineData("2.0")]
    public async Task A_body_that_is_still_being_read_comes_to_its_end_after_a_renewal(string version)
    {
        var finish = new TaskCompletionSource();
        var server = await StartServerAsync(map: app => app.MapGet("/stream", async (HttpContext http) =>
        {
            await http.Response.WriteAsync("first ");
            await http.Response.Body.FlushAsync();
            await finish.Task;
            await http.Response.WriteAsync("last");
        }));
        var source = await SourceAsync("client");
        using var client = Client(AddressOf(server), SpiffeHttpHandler.Create(source, SpiffeIdPattern.Parse(Expected)));
        using var request = new HttpRequestMessage(HttpMethod.Get, "/stream") { Version = Version.Parse(version), VersionPolicy = HttpVersionPolicy.RequestVersionExact };
        using var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Timeout);

        await RotateAsync("client", source);
        finish.SetResult();
        Assert.Equal("first last", await response.Content.ReadAsStringAsync(Timeout));
    }

    [Fact]
    public async Task Many_requests_at_once_survive_many_renewals()
    {
        var server = await StartServerAsync();
        var serverSource = server.Services.GetRequiredService<X509Source>();
        var source = await SourceAsync("client");
        using var client = Client(AddressOf(server), SpiffeHttpHandler.Create(source, SpiffeIdPattern.Parse(Expected)));
        using var done = new CancellationTokenSource();

        var load = Enumerable.Range(0, 8).Select(i => Task.Run(async () =>
        {
            while (!done.IsCancellationRequested) await GetAsync(client, i % 2 == 0 ? "1.1" : "2.0");
        })).ToArray();
        for (var i = 0; i < 20; i++)
        {
            await RotateAsync("client", source);
            await RotateAsync("server", serverSource);
        }

        await done.CancelAsync();
        await Task.WhenAll(load);
    }

    [Fact]
    public async Task A_server_whose_trust_domain_goes_is_left_and_cut_off()
    {
        var time = new ManualTime(TimeProvider.System.GetUtcNow());
        var partner = await StartAgentAsync("partner", "client");
        partner.AddFederatedBundle(Agent);
        Agent.AddFederatedBundle(partner);
        var (started, aborted) = (new TaskCompletionSource(), new TaskCompletionSource());
        var server = await StartServerAsync(
            options => options.AllowedPeers = ["spiffe:any"],
            app => app.MapGet("/endless", async (HttpContext http) =>
            {
                using var registration = http.RequestAborted.Register(() => aborted.SetResult());
                started.SetResult();
                await aborted.Task;
            }));
        await using var services = new ServiceCollection().AddMetrics().BuildServiceProvider();
        using var readings = new MeterReadings(services.GetRequiredService<IMeterFactory>());
        await using var source = new X509Source(
            new SpiffeOptions { EndpointSocket = partner.AddressOf("client") }, Loggers, new SourceRegistry(services.GetRequiredService<IMeterFactory>()), time);
        source.Start();
        await source.WaitForFirstAsync(Timeout);
        using var client = Client(AddressOf(server), SpiffeHttpHandler.Create(source, SpiffeIdPattern.Parse(Expected)));
        var answer = GetAsync(client, "2.0", "/endless");
        await started.Task.WaitAsync(Timeout);

        partner.RemoveFederatedBundle(Agent.TrustDomain);
        Assert.Equal(RejectionReason.UnknownTrustDomain, (await WaitForAsync("ServerConnectionEnded", Timeout)).Values["Reason"]);
        var refused = await Assert.ThrowsAsync<SpiffePeerRejectedException>(() => GetAsync(client, "2.0"));
        Assert.Equal(RejectionReason.UnknownTrustDomain, refused.Reason);
        Assert.False(aborted.Task.IsCompleted);
        Assert.Equal(["1 error.type=unknown_trust_domain"], readings.Sums("spiffe.client.connections.ended"));

        time.Advance(TimeSpan.FromSeconds(31));
        await WaitForAsync("ServerConnectionAborted", Timeout);
        await aborted.Task.WaitAsync(Timeout);
        await Assert.ThrowsAsync<HttpRequestException>(() => answer);
    }

    [Fact]
    public async Task Without_a_limit_a_request_under_way_to_a_server_whose_trust_domain_goes_is_never_cut_off()
    {
        var time = new ManualTime(TimeProvider.System.GetUtcNow());
        var partner = await StartAgentAsync("partner", "client");
        partner.AddFederatedBundle(Agent);
        Agent.AddFederatedBundle(partner);
        var (started, finish) = (new TaskCompletionSource(), new TaskCompletionSource());
        var server = await StartServerAsync(
            options => options.AllowedPeers = ["spiffe:any"],
            app => app.MapGet("/slow", async () =>
            {
                started.SetResult();
                await finish.Task;
                return "finished";
            }));
        await using var source = new X509Source(new SpiffeOptions { EndpointSocket = partner.AddressOf("client") }, Loggers, null, time);
        source.Start();
        await source.WaitForFirstAsync(Timeout);
        var handler = SpiffeHttpHandler.Create(source, SpiffeIdPattern.Parse(Expected));
        handler.DrainTimeout = System.Threading.Timeout.InfiniteTimeSpan;
        using var client = Client(AddressOf(server), handler);
        var answer = GetAsync(client, "2.0", "/slow");
        await started.Task.WaitAsync(Timeout);

        partner.RemoveFederatedBundle(Agent.TrustDomain);
        await WaitForAsync("ServerConnectionEnded", Timeout);
        await Assert.ThrowsAsync<SpiffePeerRejectedException>(() => GetAsync(client, "2.0"));
        time.Advance(TimeSpan.FromSeconds(31));
        finish.SetResult();
        Assert.Equal("finished", await answer);
        Assert.DoesNotContain(Logs.All, r => r.Event.Name == "ServerConnectionAborted");
    }

    [Fact]
    public async Task A_request_after_a_renewal_waits_for_no_word_of_it_and_takes_a_new_connection()
    {
        var server = await StartServerAsync(map: app => app.MapGet("/connection", (HttpContext http) => http.Connection.Id));
        var source = await SourceAsync("client");
        var before = source.Current!;
        await RotateAsync("client", source);
        X509Context[] contexts = [before, source.Current!];
        using var client = Client(AddressOf(server), SpiffeHttpHandler.Create(source, SpiffeIdPattern.Parse(Expected)));

        // The word comes a moment after the context: a request in between must not take the connection of the old SVID.
        var last = await GetAsync(client, path: "/connection");
        for (var i = 0; i < 20; i++)
        {
            source.Publish(contexts[i % 2]);
            var next = await GetAsync(client, path: "/connection");
            Assert.NotEqual(last, next);
            last = next;
        }
    }

    [Theory]
    [InlineData("1.1")]
    [InlineData("2.0")]
    public async Task An_idle_connection_of_the_old_SVID_is_closed_when_our_SVID_is_renewed(string version)
    {
        var closed = new TaskCompletionSource();
        var server = await StartServerAsync(map: app => app.MapGet("/connection", (HttpContext http) =>
        {
            http.Features.GetRequiredFeature<IConnectionLifetimeFeature>().ConnectionClosed.Register(() => closed.TrySetResult());
            return http.Connection.Id;
        }));
        var source = await SourceAsync("client");
        using var client = Client(AddressOf(server), SpiffeHttpHandler.Create(
            source, SpiffeIdPattern.Parse(Expected), handler => handler.PooledConnectionIdleTimeout = System.Threading.Timeout.InfiniteTimeSpan));
        await GetAsync(client, version, "/connection");

        await RotateAsync("client", source);
        await closed.Task.WaitAsync(Timeout);
    }

    [Fact]
    public async Task A_connection_is_kept_when_only_the_bundles_change()
    {
        var server = await StartServerAsync(map: app => app.MapGet("/connection", (HttpContext http) => http.Connection.Id));
        var source = await SourceAsync("client");
        using var client = Client(AddressOf(server), SpiffeHttpHandler.Create(source, SpiffeIdPattern.Parse(Expected)));
        var first = await GetAsync(client, path: "/connection");

        var changed = source.GetChangeToken().ChangedAsync(Timeout);
        Agent.AddFederatedBundle(await StartAgentAsync("other.org", "client"));
        await changed;
        Assert.Equal(first, await GetAsync(client, path: "/connection"));
    }

    [Fact]
    public async Task A_disposed_handler_is_forgotten_by_its_source()
    {
        var source = await SourceAsync("client");
        var handler = CreateAndDispose(source);
        GC.Collect();
        Assert.False(handler.IsAlive);
        GC.KeepAlive(source);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static WeakReference CreateAndDispose(X509Source source)
    {
        using var handler = SpiffeHttpHandler.Create(source, SpiffeIdPattern.Parse(Expected));
        return new(handler);
    }

    [Fact]
    public async Task A_disposed_handler_sends_nothing()
    {
        var server = await StartServerAsync();
        var handler = SpiffeHttpHandler.Create(await SourceAsync("client"), SpiffeIdPattern.Parse(Expected));
        using var invoker = new HttpMessageInvoker(handler, disposeHandler: false);
        handler.Dispose();
        using var request = new HttpRequestMessage(HttpMethod.Get, AddressOf(server));
        await Assert.ThrowsAsync<ObjectDisposedException>(() => invoker.SendAsync(request, Timeout));
    }
}
