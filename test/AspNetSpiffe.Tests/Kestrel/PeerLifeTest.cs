using AspNetSpiffe.TestKit;
using AspNetSpiffe.Tests.Handshakes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace AspNetSpiffe.Tests.Kestrel;

/// <summary>A server on a clock of the test, and peers with certificates and connections of their own.</summary>
public abstract class PeerLifeTest(ITestOutputHelper output) : IssuedTest(output)
{
    // Two CAs of one trust domain: that of the peers can go without taking ours along.
    protected TestPki Pki { get; } = new("example.org");

    protected TestPki PeerPki { get; } = new("example.org");

    protected ManualTime Time { get; } = new(TimeProvider.System.GetUtcNow());

    /// <summary>The clock of the server, which goes as <see cref="Time"/> does.</summary>
    protected virtual TimeProvider Clock => Time;

    protected FakeAgent OfServer { get; private set; } = null!;

    protected TestIdentity Identity => new(Pki.Leaf("/server"), Pki.Root.Certificate, PeerPki.Root.Certificate);

    protected Task<WebApplication> StartAsync(params (string Key, string? Value)[] settings) => StartAsync(null, settings);

    protected async Task<WebApplication> StartAsync(Action<WebApplication>? map, params (string Key, string? Value)[] settings)
    {
        OfServer = await IssueAsync(Identity);
        var builder = Builder([
            ("Spiffe:EndpointSocket", OfServer.Address), ("Spiffe:AllowedPeers:0", "spiffe://example.org/**"), ("Kestrel:Endpoints:Mesh:Url", "https://127.0.0.1:0"), .. settings]);
        builder.Services.AddSingleton(Clock);
        builder.WebHost.UseSpiffeMtls();
        return await StartAsync(builder, map);
    }

    /// <summary>Gives a peer an SVID that expires after a while.</summary>
    private protected Presented Peer(TimeSpan lifetime, string path = "/peer") =>
        new(PeerPki.Leaf(l => l with { Uris = [$"spiffe://example.org{path}"], NotAfter = Time.GetUtcNow() + lifetime }));

    private protected Task<RawHttp2> ConnectAsync(WebApplication server, Presented peer) => RawHttp2.ConnectAsync(NamedAddressOf(server), peer, Timeout);

    /// <summary>Takes the peers' CA out of the bundle.</summary>
    protected Task RetirePeersAsync(WebApplication server) =>
        ReissueAsync(OfServer, server.Services.GetRequiredService<X509Source>(), Identity with { Authorities = [Pki.Root.Certificate] });

    /// <summary>Changes the configuration, and looks at all connections at once.</summary>
    protected static void Reload(WebApplication server, params (string Key, string? Value)[] settings)
    {
        foreach (var (key, value) in settings) server.Configuration[key] = value;
        ((IConfigurationRoot)server.Configuration).Reload();
        Check(server);
    }

    /// <summary>Looks at all connections, as the server does by itself a moment later.</summary>
    protected static void Check(WebApplication server) => server.Services.GetRequiredService<PeerConnectionRegistry>().Check();
}
