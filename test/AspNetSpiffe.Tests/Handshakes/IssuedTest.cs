using System.Net;
using System.Net.Security;
using System.Security.Authentication;
using AspNetSpiffe.TestKit;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;

namespace AspNetSpiffe.Tests.Handshakes;

/// <summary>Services and clients whose identities the test itself writes and changes, and peers at the other end that use the framework alone.</summary>
public abstract class IssuedTest(ITestOutputHelper output) : MeshTest(output)
{
    public override ValueTask InitializeAsync() => ValueTask.CompletedTask;

    protected async Task<FakeAgent> IssueAsync(TestIdentity identity)
    {
        var agent = Keep(await FakeAgent.StartAsync());
        agent.Send(identity);
        return agent;
    }

    protected async Task<X509Source> SourceAsync(FakeAgent agent) =>
        Keep(await X509Source.StartAsync(new SpiffeOptions { EndpointSocket = agent.Address }, Loggers, Timeout));

    /// <summary>Issues the next identity and waits until the source has it.</summary>
    protected async Task ReissueAsync(FakeAgent agent, X509Source source, TestIdentity next)
    {
        var changed = source.GetChangeToken().ChangedAsync(Timeout);
        agent.Send(next);
        await changed;
    }

    /// <summary>Starts a service with UseSpiffeMtls that admits whoever is verified.</summary>
    protected Task<WebApplication> StartServerAsync(FakeAgent agent, SslProtocols protocols = SslProtocols.None, Action<WebApplication>? map = null)
    {
        var builder = Builder(
            ("Spiffe:EndpointSocket", agent.Address),
            ("Kestrel:Endpoints:Mesh:Url", "https://127.0.0.1:0"),
            ("Kestrel:Endpoints:Mesh:SslProtocols:0", protocols.ToString()));
        builder.WebHost.UseSpiffeMtls(options => options.AllowedPeers = ["spiffe:any"]);
        return StartAsync(builder, map);
    }

    /// <summary>Starts a service that knows nothing of SPIFFE.</summary>
    private protected Task<WebApplication> StartServerAsync(Presented certificates, SslProtocols protocols = SslProtocols.None)
    {
        var tls = new TlsHandshakeCallbackOptions
        {
            OnConnection = context =>
            {
                var options = certificates.ToServerOptions(protocols);
                options.ApplicationProtocols = [SslApplicationProtocol.Http2, SslApplicationProtocol.Http11];
                return ValueTask.FromResult(options);
            },
        };
        var builder = Builder(("Spiffe:EndpointSocket", "unix:///nowhere"));
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen => listen.UseHttps(tls)));
        return StartAsync(builder);
    }

    /// <summary>A client of ours, which never takes a connection for a second request.</summary>
    protected static HttpClient ClientOf(X509Source source, Uri address, SpiffeIdPattern? expected = null) =>
        Client(address, SpiffeHttpHandler.Create(source, expected ?? SpiffeIdPattern.Any, handler => handler.PooledConnectionLifetime = TimeSpan.Zero));

    /// <summary>A client that knows nothing of SPIFFE, and never takes a connection for a second request.</summary>
    private protected static HttpClient ClientOf(Presented certificates, Uri address) => ClientOf(certificates.ToClientOptions(), address);

    protected static HttpClient ClientOf(SslClientAuthenticationOptions options, Uri address) =>
        Client(address, new SocketsHttpHandler { SslOptions = options, PooledConnectionLifetime = TimeSpan.Zero });

    private protected Relay RelayTo(WebApplication server) => Keep(new Relay(NamedAddressOf(server)));

    /// <summary>The address by name: with an IP address for a name, the framework's client would never resume a session.</summary>
    protected static Uri NamedAddressOf(WebApplication server) =>
        new($"https://localhost:{new Uri(server.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single()).Port}");

    /// <summary>Lets the peer call us, or be called, and asserts what comes of it.</summary>
    private protected async Task AssertAsync(PeerCase expected, PeerRole role, string version = "1.1")
    {
        var agent = await IssueAsync(expected.Ours);
        await (role == PeerRole.Client ? AssertOfClientAsync(expected, agent, version) : AssertOfServerAsync(expected, agent, version));
    }

    protected async Task AssertServerRefusedAsync(HttpClient client, RejectionReason reason, string claimed, string version = "1.1")
    {
        var refusal = await Assert.ThrowsAsync<SpiffePeerRejectedException>(() => GetAsync(client, version));
        Assert.Equal((reason, claimed), (refusal.Reason, refusal.Id?.ToString()));
    }

    /// <summary>Asserts that the first, second and tenth connection are like each other: answered, after a full handshake.</summary>
    private protected async Task AssertNeverResumesAsync(HttpClient client, Relay relay, string answer = "nobody")
    {
        for (var i = 0; i < 10; i++) Assert.Equal(answer, await GetAsync(client));
        Assert.Equal(10, relay.Connections.Count);
        Assert.DoesNotContain(relay.Connections, c => c.IsResumed);
    }

    private async Task AssertOfClientAsync(PeerCase expected, FakeAgent agent, string version)
    {
        var server = await StartServerAsync(agent);
        using var client = ClientOf(expected.Peer, NamedAddressOf(server));
        if (expected.Reason == RejectionReason.None) Assert.Equal(expected.Id, await GetAsync(client, version));
        else await AssertRefusedAsync(client, expected.Reason, expected.Id, version);
    }

    private async Task AssertOfServerAsync(PeerCase expected, FakeAgent agent, string version)
    {
        var isAccepted = expected.Reason == RejectionReason.None;
        var server = await StartServerAsync(expected.Peer);
        using var client = ClientOf(await SourceAsync(agent), NamedAddressOf(server), isAccepted ? SpiffeIdPattern.Parse(expected.Id) : SpiffeIdPattern.Any);
        if (isAccepted) await GetAsync(client, version);
        else await AssertServerRefusedAsync(client, expected.Reason, expected.Id, version);
    }
}
