using System.Security.Authentication;
using AspNetSpiffe.TestKit;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;

namespace AspNetSpiffe.Tests.Kestrel;

/// <summary>An agent that goes costs nobody a handshake, until our SVID has expired; and one that comes back needs nobody's help.</summary>
public sealed class AgentOutageTests(ITestOutputHelper output) : MeshTest(output)
{
    private static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(5);

    private readonly TestPki _pki = new("example.org");
    private readonly JumpingTime _time = new();
    private FakeAgent _ofUs = null!;
    private X509Source _peer = null!;

    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        _ofUs = Keep(await FakeAgent.StartAsync());
        _ofUs.Send(Issue("/server"));

        // The other side has an agent, and a clock, of its own.
        var ofPeer = Keep(await FakeAgent.StartAsync());
        ofPeer.Send(_pki.Response(_pki.Leaf("/client")));
        _peer = Keep(await X509Source.StartAsync(new() { EndpointSocket = ofPeer.Address }, Loggers, Timeout));
    }

    [Theory, Trait("Spec", "EP-24")]
    [InlineData("1.1")]
    [InlineData("2.0")]
    public async Task A_server_serves_until_its_SVID_expires_then_refuses_cleanly_and_recovers_by_itself(string version)
    {
        ExpectWarning("AgentUnavailable");
        AllowWarning("SvidNotRenewed");
        AllowWarning("SvidExpired");
        var server = await StartServerAsync();
        await _ofUs.StopAsync();
        await WaitForAsync("AgentUnavailable", Timeout);
        Assert.Equal("spiffe://example.org/client", await CallAsync(server, version));

        _time.Jump(Lifetime + TimeSpan.FromSeconds(1));
        for (var i = 0; i < 3; i++) await Assert.ThrowsAsync<HttpRequestException>(() => CallAsync(server, version));

        _ofUs.Send(Issue("/server"));
        await RenewedAsync(server.Services.GetRequiredService<X509Source>(), () => _ofUs.RestartAsync());
        Assert.Equal("spiffe://example.org/client", await CallAsync(server, version));
    }

    [Fact, Trait("Spec", "EP-24")]
    public async Task A_client_calls_until_its_SVID_expires_then_says_why_not_and_recovers_by_itself()
    {
        ExpectWarning("AgentUnavailable");
        AllowWarning("SvidNotRenewed");
        AllowWarning("SvidExpired");
        var server = await StartServerAsync();
        var source = server.Services.GetRequiredService<X509Source>();
        await _ofUs.StopAsync();
        await WaitForAsync("AgentUnavailable", Timeout);
        Assert.Equal("spiffe://example.org/server", await CallAsync(server, "2.0", source));

        _time.Jump(Lifetime + TimeSpan.FromSeconds(1));
        var refused = await Assert.ThrowsAsync<HttpRequestException>(() => CallAsync(server, "2.0", source));
        Assert.Contains("expired at", Assert.IsType<AuthenticationException>(refused.InnerException).Message, StringComparison.Ordinal);

        _ofUs.Send(Issue("/server"));
        await RenewedAsync(source, () => _ofUs.RestartAsync());
        Assert.Equal("spiffe://example.org/server", await CallAsync(server, "2.0", source));
    }

    [Fact]
    public async Task A_clock_that_jumps_past_the_expiry_and_back_again_costs_only_the_time_between()
    {
        AllowWarning("SvidNotRenewed");
        AllowWarning("SvidExpired");
        var server = await StartServerAsync();
        Assert.Equal("spiffe://example.org/client", await CallAsync(server, "1.1"));

        _time.Jump(Lifetime + TimeSpan.FromSeconds(1));
        await Assert.ThrowsAsync<HttpRequestException>(() => CallAsync(server, "1.1"));

        _time.Jump(-Lifetime - TimeSpan.FromSeconds(1));
        Assert.Equal("spiffe://example.org/client", await CallAsync(server, "1.1"));
    }

    private Task<WebApplication> StartServerAsync()
    {
        var builder = Builder(
            ("urls", "https://127.0.0.1:0"),
            ("Spiffe:EndpointSocket", _ofUs.Address),
            ("Spiffe:Retry:InitialDelay", "00:00:00.05"),
            ("Spiffe:Retry:MaxDelay", "00:00:00.1"));
        builder.Services.AddSingleton<TimeProvider>(_time);
        builder.WebHost.UseSpiffeMtls();
        return StartAsync(builder);
    }

    /// <summary>Calls on a new connection.</summary>
    private async Task<string> CallAsync(WebApplication server, string version, X509Source? source = null)
    {
        using var client = Client(AddressOf(server), SpiffeHttpHandler.Create(source ?? _peer, SpiffeIdPattern.Parse(Expected)));
        return await GetAsync(client, version);
    }

    private Wire.X509SVIDResponse Issue(string path)
    {
        var expiry = _time.GetUtcNow() + Lifetime;
        return _pki.Response(_pki.Leaf(l => l with { Uris = [$"{_pki.TrustDomain.Id}{path}"], NotAfter = expiry }));
    }

    private async Task RenewedAsync(X509Source source, Func<Task> provoke)
    {
        var changed = source.GetChangeToken().ChangedAsync(Timeout);
        await provoke();
        await changed;
    }

    /// <summary>The real clock, until somebody sets it; timers go on as they were.</summary>
    private sealed class JumpingTime : TimeProvider
    {
        private long _offset;

        public void Jump(TimeSpan by) => Interlocked.Add(ref _offset, by.Ticks);

        public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + TimeSpan.FromTicks(Interlocked.Read(ref _offset));
    }
}
