using System.Net;
using AspNetSpiffe.TestKit;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace AspNetSpiffe.Tests.Kestrel;

/// <summary>What was true at the handshake stays true, or the connection ends.</summary>
public sealed class EndedConnectionTests(ITestOutputHelper output) : MeshTest(output)
{
    // The partner's SVIDs live for five minutes, rounded up to a second.
    private static readonly TimeSpan JustExpired = TimeSpan.FromMinutes(5) + TimeSpan.FromSeconds(3);

    private readonly ManualTime _time = new(TimeProvider.System.GetUtcNow());
    private DevAgent _partner = null!;

    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        _partner = await StartAgentAsync("partner", TimeSpan.FromMinutes(5), "client");
        _partner.AddFederatedBundle(Agent);
        Agent.AddFederatedBundle(_partner);
    }

    [Theory]
    [InlineData("1.1")]
    [InlineData("2.0")]
    public async Task A_connection_ends_when_the_SVID_of_its_peer_expires(string version)
    {
        var server = await StartServerAsync();
        using var client = await ClientAsync(server, agent: _partner);
        await GetAsync(client, version);

        _time.Advance(JustExpired);
        await AssertEndedAsync(server, RejectionReason.Expired, "spiffe://partner/client");
    }

    [Theory]
    [InlineData("1.1")]
    [InlineData("2.0")]
    public async Task A_connection_ends_when_the_CA_of_its_peer_leaves_the_bundle(string version)
    {
        var server = await StartServerAsync();
        var source = await SourceAsync("client");

        // A client of the framework alone: ours would leave the connection by itself when its SVID is renewed.
        using var client = Client(AddressOf(server), AnyServer(source.Current!.DefaultSvid));
        X509Source[] sources = [source, server.Services.GetRequiredService<X509Source>()];
        await GetAsync(client, version);

        // Each step reaches everybody before the next, as in any rollover of a CA.
        Agent.PrepareAuthority();
        await UntilAsync(() => sources.All(s => Authorities(s).Length == 2));
        var old = sources.Select(s => s.Current!.DefaultSvid.Leaf.SerialNumber).ToArray();
        Agent.ActivateAuthority();
        Agent.TaintAuthority();
        await UntilAsync(() => sources.Zip(old).All(s => s.First.Current!.DefaultSvid.Leaf.SerialNumber != s.Second));
        await GetAsync(client, version);
        Assert.DoesNotContain(Logs.All, r => r.Event.Name == "PeerConnectionEnded");

        Agent.RevokeAuthority();
        await UntilAsync(() => sources.All(s => Authorities(s).Length == 1));
        await AssertEndedAsync(server, RejectionReason.NotTrusted, "spiffe://example.org/client");
        await Assert.ThrowsAsync<HttpRequestException>(() => GetAsync(client, version));
    }

    [Fact]
    public async Task A_connection_ends_when_the_bundle_of_its_peer_goes()
    {
        var server = await StartServerAsync();
        using var client = await ClientAsync(server, agent: _partner);
        await GetAsync(client, "2.0");

        Agent.RemoveFederatedBundle(_partner.TrustDomain);
        await AssertEndedAsync(server, RejectionReason.UnknownTrustDomain, "spiffe://partner/client");
    }

    [Fact]
    public async Task A_connection_ends_when_the_allowed_peers_no_longer_cover_its_peer()
    {
        var server = await StartServerAsync();
        using var partner = await ClientAsync(server, agent: _partner);
        using var member = await ClientAsync(server);
        await GetAsync(partner, "2.0");
        await GetAsync(member, "2.0");

        Reload(server, "spiffe://example.org/**");
        await AssertEndedAsync(server, RejectionReason.NotAllowed, "spiffe://partner/client");
        Assert.Equal("spiffe://example.org/client", await GetAsync(member, "2.0"));
        await Assert.ThrowsAsync<HttpRequestException>(() => GetAsync(partner, "2.0"));
    }

    [Fact]
    public async Task A_mistake_in_a_reloaded_configuration_changes_nothing()
    {
        ExpectWarning("AllowedPeersRefused");
        var server = await StartServerAsync();
        using var partner = await ClientAsync(server, agent: _partner);

        Reload(server, "spiffe://example.org");
        Assert.Contains("Spiffe:AllowedPeers:0", (await WaitForAsync("AllowedPeersRefused", Timeout)).Message, StringComparison.Ordinal);
        Assert.Equal("spiffe://partner/client", await GetAsync(partner, "2.0"));
    }

    [Theory]
    [InlineData("1.1")]
    [InlineData("2.0")]
    public async Task A_request_under_way_may_finish(string version)
    {
        var (started, finish) = (new TaskCompletionSource(), new TaskCompletionSource());
        var server = await StartServerAsync(map: app => app.MapGet("/slow", async (HttpContext http) =>
        {
            started.SetResult();
            await finish.Task;
            return http.GetRequiredSpiffeId().ToString();
        }));
        using var client = await ClientAsync(server, agent: _partner);
        var answer = GetAsync(client, version, "/slow");
        await started.Task.WaitAsync(Timeout);

        _time.Advance(JustExpired);
        await WaitForAsync("PeerConnectionEnded", Timeout);
        finish.SetResult();
        Assert.Equal("spiffe://partner/client", await answer);
        await AssertEndedAsync(server, RejectionReason.Expired, "spiffe://partner/client");
    }

    [Fact]
    public async Task Without_a_limit_a_request_under_way_is_never_cut_off()
    {
        var (started, finish) = (new TaskCompletionSource(), new TaskCompletionSource());
        var server = await StartServerAsync(settings: ("Spiffe:DrainTimeout", "-00:00:00.001"), map: app => app.MapGet("/slow", async () =>
        {
            started.SetResult();
            await finish.Task;
            return "finished";
        }));
        using var client = await ClientAsync(server, agent: _partner);
        var answer = GetAsync(client, "2.0", "/slow");
        await started.Task.WaitAsync(Timeout);

        _time.Advance(JustExpired);
        await WaitForAsync("PeerConnectionEnded", Timeout);
        _time.Advance(TimeSpan.FromSeconds(31));
        server.Services.GetRequiredService<PeerConnectionRegistry>().Check();
        finish.SetResult();
        Assert.Equal("finished", await answer);
        Assert.DoesNotContain(Logs.All, r => r.Event.Name == "PeerConnectionAborted");
    }

    [Theory]
    [InlineData("1.1")]
    [InlineData("2.0")]
    public async Task A_request_that_does_not_finish_in_time_is_cut_off(string version)
    {
        var (started, aborted) = (new TaskCompletionSource(), new TaskCompletionSource());
        var server = await StartServerAsync(map: app => app.MapGet("/endless", async (HttpContext http) =>
        {
            using var registration = http.RequestAborted.Register(() => aborted.SetResult());
            started.SetResult();
            await aborted.Task;
        }));
        using var client = await ClientAsync(server, agent: _partner);
        var answer = GetAsync(client, version, "/endless");
        await started.Task.WaitAsync(Timeout);

        _time.Advance(JustExpired);
        await WaitForAsync("PeerConnectionEnded", Timeout);
        Assert.False(aborted.Task.IsCompleted);

        _time.Advance(TimeSpan.FromSeconds(31));

        // Kestrel needs a moment to close it, and whoever looks in that moment cuts nobody off a second time.
        server.Services.GetRequiredService<PeerConnectionRegistry>().Check();
        await WaitForAsync("PeerConnectionAborted", Timeout);
        await aborted.Task.WaitAsync(Timeout);
        await Assert.ThrowsAnyAsync<HttpRequestException>(() => answer);
        Assert.Single(Logs.All, r => r.Event.Name == "PeerConnectionAborted");
    }

    [Fact]
    public async Task A_clock_that_jumps_past_the_expiry_ends_the_right_to_ask_even_if_no_timer_fired()
    {
        var clock = new JumpingClock();
        var server = await StartServerAsync(clock);
        using var client = await ClientAsync(server, agent: _partner);
        await GetAsync(client, "2.0");

        clock.Offset = JustExpired;
        using var request = new HttpRequestMessage(HttpMethod.Get, "/") { Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact };
        using var response = await client.SendAsync(request, Timeout);
        Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
    }

    [Fact]
    public async Task A_check_that_fails_is_made_again_after_a_second()
    {
        ExpectWarning("ConnectionCheckFailed");
        var clock = new FailingClock(_time);
        var server = await StartServerAsync(clock);
        using var client = await ClientAsync(server, agent: _partner);
        await GetAsync(client, "2.0");

        clock.FailDuring(() => _time.Advance(JustExpired));
        await WaitForAsync("ConnectionCheckFailed", Timeout);
        Assert.Equal(1, server.Services.GetRequiredService<PeerConnectionRegistry>().Count);
        Assert.DoesNotContain(Logs.All, record => record.Event.Name == "PeerConnectionEnded");

        _time.Advance(TimeSpan.FromSeconds(1));
        await AssertEndedAsync(server, RejectionReason.Expired, "spiffe://partner/client");
    }

    [Theory]
    [InlineData("Spiffe:CloseWhenUntrusted")]
    [InlineData("Spiffe:CloseWhenExpired")]
    public async Task Each_behaviour_can_be_switched_off(string key)
    {
        var server = await StartServerAsync(settings: (key, "false"));
        using var client = await ClientAsync(server, agent: _partner);
        await GetAsync(client, "2.0");

        if (key == "Spiffe:CloseWhenExpired") _time.Advance(JustExpired);
        else Agent.RemoveFederatedBundle(_partner.TrustDomain);
        var source = server.Services.GetRequiredService<X509Source>();
        await UntilAsync(() => key == "Spiffe:CloseWhenExpired" || source.Current!.Bundles.Count == 1);
        Assert.Equal("spiffe://partner/client", await GetAsync(client, "2.0"));
    }

    [Fact]
    public async Task A_closed_connection_leaves_the_registry()
    {
        var server = await StartServerAsync();
        var registry = server.Services.GetRequiredService<PeerConnectionRegistry>();
        using (var client = await ClientAsync(server))
        {
            await GetAsync(client, "2.0");
            Assert.Equal(1, registry.Count);
        }

        await UntilAsync(() => registry.Count == 0);
    }

    private static System.Collections.Immutable.ImmutableArray<System.Security.Cryptography.X509Certificates.X509Certificate2> Authorities(X509Source source) =>
        source.Current!.Bundles.Find(source.Current.TrustDomain)!.Authorities;

    private async Task AssertEndedAsync(WebApplication server, RejectionReason reason, string id)
    {
        var ended = await WaitForAsync("PeerConnectionEnded", Timeout);
        Assert.Equal(reason, ended.Values["Reason"]);
        Assert.Equal(id, ended.Values["SpiffeId"]?.ToString());
        var registry = server.Services.GetRequiredService<PeerConnectionRegistry>();
        if (reason != RejectionReason.NotAllowed) await UntilAsync(() => registry.Count == 0);
    }

    private async Task UntilAsync(Func<bool> condition)
    {
        while (!condition())
        {
            Timeout.ThrowIfCancellationRequested();
            await Task.Yield();
        }
    }

    private static void Reload(WebApplication server, string allowedPeers)
    {
        server.Configuration["Spiffe:AllowedPeers:0"] = allowedPeers;
        ((IConfigurationRoot)server.Configuration).Reload();
    }

    private Task<WebApplication> StartServerAsync(TimeProvider? time = null, Action<WebApplication>? map = null, (string, string?)? settings = null)
    {
        var builder = Builder(("urls", "https://127.0.0.1:0"), ("Spiffe:AllowedPeers:0", "spiffe://example.org/**,spiffe://partner/**"), settings ?? ("unused", null));
        builder.Services.AddSingleton(time ?? _time);
        builder.WebHost.UseSpiffeMtls();
        return StartAsync(builder, map);
    }

    /// <summary>A clock that fails at times, on the thread of the test: in the timers that the test lets fire.</summary>
    private sealed class FailingClock(ManualTime time) : TimeProvider
    {
        private int _failing;

        public override long TimestampFrequency => time.TimestampFrequency;

        public void FailDuring(Action action)
        {
            _failing = Environment.CurrentManagedThreadId;
            action();
            _failing = 0;
        }

        public override DateTimeOffset GetUtcNow() =>
            Environment.CurrentManagedThreadId == _failing ? throw new InvalidOperationException("There is no time.") : time.GetUtcNow();

        public override long GetTimestamp() => time.GetTimestamp();

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) => time.CreateTimer(callback, state, dueTime, period);
    }

    private sealed class JumpingClock : TimeProvider
    {
        public TimeSpan Offset { get; set; }

        public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + Offset;
    }
}
