using AspNetSpiffe.TestKit;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace AspNetSpiffe.InteropTests;

/// <summary>A real Kestrel with UseSpiffeMtls, and identities as files for outside clients.</summary>
public abstract class MtlsServerTest(ITestOutputHelper output) : InteropTest(output)
{
    protected const string ClientId = "spiffe://example.org/client";

    private DevAgent _agent = null!;
    private WebApplication _server = null!;

    /// <summary>The server's host and port.</summary>
    protected string Authority { get; private set; } = "";

    /// <summary>The identity that the server admits.</summary>
    private protected PemFiles Client { get; private set; } = null!;

    /// <summary>What the server shows.</summary>
    private protected X509Svid ServerSvid => _server.Services.GetRequiredService<X509Source>().Current!.DefaultSvid;

    public override async ValueTask InitializeAsync()
    {
        _agent = await StartAgentAsync(new DevAgentOptions { LoggerFactory = Loggers }.AddWorkload("server", "/server").AddWorkload("client", "/client"));
        Client = PemFiles.Write(Path.Combine(Folder, "client"), await FetchAsync(_agent));

        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders().SetMinimumLevel(LogLevel.Trace).AddProvider(Logs);
        builder.Configuration["Spiffe:EndpointSocket"] = _agent.AddressOf("server");
        builder.WebHost.UseUrls("https://127.0.0.1:0").UseSpiffeMtls();
        _server = Stopping(builder.Build());
        _server.MapGet("/hello", (HttpContext http) => $"{http.Request.Protocol} {http.Features.Get<ISpiffePeerFeature>()!.Peer!.Id}");
        await _server.StartAsync(Patience);
        Authority = new Uri(_server.Urls.Single()).Authority;
    }

    /// <summary>An SVID of a trust domain that the server does not know, with the path of one that it admits.</summary>
    private protected async Task<PemFiles> StrangerAsync()
    {
        var stranger = await StartAgentAsync(new DevAgentOptions { TrustDomain = TrustDomain.Parse("elsewhere.test") }.AddWorkload("client", "/client"));
        return PemFiles.Write(Path.Combine(Folder, "stranger"), await FetchAsync(stranger));
    }

    /// <summary>A certificate that somebody made for himself, with the ID of a client that the server admits.</summary>
    private protected PemFiles Forged() =>
        PemFiles.Write(Path.Combine(Folder, "forged"), new TestPki().SelfSignedLeaf(l => l with { Uris = [ClientId] }), [], _agent.X509Authorities);

    /// <summary>Waits until the server has logged a refusal, and checks what it says.</summary>
    private protected async Task AssertRefusedAsync(RejectionReason reason, string? claimedId)
    {
        var refusal = await WaitForAsync("PeerRefused", Patience);
        Assert.Equal(reason, refusal.Values["Reason"]);
        Assert.Equal(claimedId, refusal.Values["SpiffeId"]);
    }

    private async Task<X509Context> FetchAsync(DevAgent agent)
    {
        using var client = new WorkloadApiClient(WorkloadApiAddress.Parse(agent.AddressOf("client")));
        return await client.FetchX509ContextAsync(Patience);
    }
}
