using System.Net;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using AspNetSpiffe.TestKit;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;

namespace AspNetSpiffe.Tests.Composition;

/// <summary>Two agents that know nothing of each other, and services that federate over their bundle endpoints alone, in the profile <c>https_spiffe</c>.</summary>
public sealed class FederationTests(ITestOutputHelper output) : MeshTest(output)
{
    private const string TheirServer = "spiffe://partner.example/server";

    private readonly ManualTime _time = new();
    private readonly ManualTime _timeOfServer = new();
    private readonly string _folder = Directory.CreateTempSubdirectory("federation-").FullName;
    private DevAgent _partner = null!;

    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        _partner = await StartAgentAsync("partner.example", "endpoint", "server", "client");
    }

    protected override async ValueTask StopAsync()
    {
        await base.StopAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact, Trait("Spec", "FD-11"), Trait("Spec", "FD-10")]
    public async Task Services_of_both_call_each_other_and_go_on_when_an_authority_changes()
    {
        var (ours, theirs) = (await PublishAsync(Agent), await PublishAsync(_partner));
        var server = await ServeAsync(_partner, ours, "spiffe://example.org/**");
        var client = await SourceAsync(Agent, theirs);
        Assert.Equal("spiffe://example.org/client", await CallAsync(server, client));

        await RotateAsync(_partner, theirs, client, _time);
        await AssertRenewedAsync(server.Services.GetRequiredService<X509Source>(), _partner);
        Assert.Equal("spiffe://example.org/client", await CallAsync(server, client));

        await RotateAsync(Agent, ours, server.Services.GetRequiredService<X509Source>(), _timeOfServer);
        await AssertRenewedAsync(client, Agent);
        Assert.Equal("spiffe://example.org/client", await CallAsync(server, client));
    }

    [Fact, Trait("Spec", "FD-15")]
    public async Task Without_the_entry_they_are_strangers_again()
    {
        var (ours, theirs) = (await PublishAsync(Agent), await PublishAsync(_partner));
        var server = await ServeAsync(_partner, ours, "spiffe://example.org/**");
        Assert.Equal("spiffe://example.org/client", await CallAsync(server, await SourceAsync(Agent, theirs)));

        var client = await SourceAsync("client");
        var e = await Assert.ThrowsAsync<SpiffePeerRejectedException>(() => CallAsync(server, client));
        Assert.Equal(RejectionReason.UnknownTrustDomain, e.Reason);
    }

    // The bundle endpoint: our SVID, and no question who asks.
    private async Task<Published> PublishAsync(DevAgent agent)
    {
        var builder = Builder(("Spiffe:EndpointSocket", agent.AddressOf(agent == Agent ? "admin" : "endpoint")));
        builder.Services.AddSpiffe();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen => listen.UseHttps(new TlsHandshakeCallbackOptions
        {
            OnConnection = _ => ValueTask.FromResult(new SslServerAuthenticationOptions { ServerCertificateContext = CertificateOf(kestrel.ApplicationServices.GetRequiredService<X509Source>()) }),
        })));
        var endpoint = await StartAsync(builder, app => app.MapSpiffeBundle("/bundle.json", options => options.RefreshHint = TimeSpan.FromMinutes(1)));
        await endpoint.Services.GetRequiredService<JwtBundleSource>().WaitForFirstAsync(Timeout);

        var file = Path.Combine(_folder, agent.TrustDomain.Name);
        await File.WriteAllTextAsync(file, string.Join('\n', agent.X509Authorities.Select(authority => authority.ExportCertificatePem())), Timeout);
        var source = endpoint.Services.GetRequiredService<X509Source>();
        return new(agent.TrustDomain.Name, new()
        {
            Url = new Uri(AddressOf(endpoint), "/bundle.json").ToString(),
            Profile = BundleEndpointProfile.HttpsSpiffe,
            EndpointId = source.Current!.DefaultSvid.Id.ToString(),
            BundleFile = file,
        }, source);
    }

    private static SslStreamCertificateContext CertificateOf(X509Source source)
    {
        var svid = source.Current!.DefaultSvid;
        return SslStreamCertificateContext.Create(svid.Leaf, [.. svid.Intermediates], offline: true);
    }

    private async Task<WebApplication> ServeAsync(DevAgent agent, Published other, string allowed)
    {
        var builder = Builder(
            ("urls", "https://127.0.0.1:0"), ("Spiffe:EndpointSocket", agent.AddressOf("server")), ("Spiffe:AllowedPeers", allowed),
            ($"Spiffe:Federation:{other.Name}:Url", other.Options.Url), ($"Spiffe:Federation:{other.Name}:Profile", "https_spiffe"),
            ($"Spiffe:Federation:{other.Name}:EndpointId", other.Options.EndpointId), ($"Spiffe:Federation:{other.Name}:BundleFile", other.Options.BundleFile));
        builder.Services.AddSingleton<TimeProvider>(_timeOfServer);
        builder.WebHost.UseSpiffeMtls();
        return await StartAsync(builder);
    }

    private async Task<X509Source> SourceAsync(DevAgent agent, Published other)
    {
        var options = new SpiffeOptions { EndpointSocket = agent.AddressOf("client") };
        options.Federation[other.Name] = other.Options;
        var source = Keep(new X509Source(options, Loggers, null, _time));
        await source.EnsureStartedAsync(Timeout);
        return source;
    }

    private async Task<string> CallAsync(WebApplication server, X509Source client)
    {
        using var http = Client(AddressOf(server), SpiffeHttpHandler.Create(client, SpiffeIdPattern.Parse(TheirServer)));
        return await GetAsync(http);
    }

    // A new authority signs new SVIDs.
    private async Task AssertRenewedAsync(X509Source source, DevAgent agent)
    {
        while (true)
        {
            var changed = source.GetChangeToken();
            if (SignedBy(source.Current!.DefaultSvid).AsSpan().SequenceEqual(KeyIdOf(agent.X509Authorities[^1]))) return;
            await changed.ChangedAsync(Timeout);
        }
    }

    private static byte[] SignedBy(X509Svid svid) => (svid.Intermediates.LastOrDefault() ?? svid.Leaf).Extensions.OfType<X509AuthorityKeyIdentifierExtension>().Single().KeyIdentifier!.Value.ToArray();

    private static byte[] KeyIdOf(X509Certificate2 authority) => authority.Extensions.OfType<X509SubjectKeyIdentifierExtension>().Single().SubjectKeyIdentifierBytes.ToArray();

    // Prepared, published, fetched, in use: in this order nothing breaks.
    private async Task RotateAsync(DevAgent agent, Published endpoint, X509Source reader, ManualTime time)
    {
        agent.PrepareAuthority();
        await UntilAsync(endpoint.Source, agent, 2);
        await WaitForFetchAsync(agent, 1);
        time.Advance(await time.WaitForTimerAsync(Timeout, TimeSpan.FromMinutes(1)));
        await WaitForFetchAsync(agent, 2);
        await UntilAsync(reader, agent, 2);
        agent.ActivateAuthority();
    }

    private Task WaitForFetchAsync(DevAgent agent, int authorities) =>
        Logs.WaitForAsync(record => record.Event.Name == "BundleFetched" && agent.TrustDomain.Equals(record.Values["TrustDomain"]) && (int?)record.Values["X509"] == authorities, Timeout);

    private async Task UntilAsync(X509Source source, DevAgent agent, int authorities)
    {
        while (true)
        {
            var changed = source.GetChangeToken();
            if (source.Current!.Bundles.Find(agent.TrustDomain)?.Authorities.Length == authorities) return;
            await changed.ChangedAsync(Timeout);
        }
    }

    private sealed record Published(string Name, SpiffeFederationOptions Options, X509Source Source);
}
