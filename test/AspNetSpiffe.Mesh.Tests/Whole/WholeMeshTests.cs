using System.Net;
using System.Net.Http.Json;
using AspNetSpiffe.TestKit;
using Mesh;
using Mesh.Names;
using Mesh.Names.Dns;
using Mesh.Service;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace AspNetSpiffe.MeshTests;

/// <summary>All parts together, with identities of the authority.</summary>
public sealed class WholeMeshTests(ITestOutputHelper output) : AuthorityTest(output)
{
    private const string A = "service-a.example.org";
    private const string B = "service-b.example.org";

    private WebApplication _registry = null!;
    private RunningService _a = null!;
    private RunningService _b = null!;

    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();

        // Where all starts at once, the registry may answer too late at first.
        AllowWarning("RegistryAway");
        foreach (var name in (string[])["registry", "service-a", "service-b"]) await Operator.EnrollAsync($"/{name}", FolderOf(name), Program, Patience);
        _registry = Stopping(RegistryHost.Build(new() { TrustDomain = TrustDomain, Bind = new(IPAddress.Loopback, 0), Dns = new(IPAddress.Loopback, 0), Identity = IdentityOf("registry"), Logging = Log }));
        await _registry.StartAsync(Patience);
        _b = await StartServiceAsync(B, "127.0.0.3", 0);
        _a = await StartServiceAsync(A, "127.0.0.2", _b.Api.Port);
        await WaitForAsync("Registered", Patience, times: 2);
        await StartRouterAsync();
    }

    [Fact]
    public async Task No_call_fails_while_the_authority_is_replaced()
    {
        using var client = EgressOfA();
        using var ending = new CancellationTokenSource();
        var before = SvidOf(_b).Leaf.Issuer;
        var calls = Task.Run(() => CallAsync(client, ending.Token));

        await TakeAsync("prepare", static source => AuthoritiesOf(source) == 2);
        await TakeAsync("activate", source => source.Current!.DefaultSvid.Leaf.Issuer != before);
        await TakeAsync("revoke", static source => AuthoritiesOf(source) == 1);
        Assert.Equal("spiffe://example.org/service-b says hello to spiffe://example.org/service-a", await HelloAsync(client));
        await ending.CancelAsync();

        Assert.InRange(await calls, 1, int.MaxValue);
        Assert.NotEqual(before, SvidOf(_b).Leaf.Issuer);
    }

    protected override async ValueTask StopAsync()
    {
        await _registry.StopAsync();
        await base.StopAsync();
    }

    private string RouterSocket => FolderOf("router.sock");

    private static int AuthoritiesOf(X509Source source) => source.Current!.Bundles.Find(TrustDomain)!.Authorities.Length;

    private static X509Svid SvidOf(RunningService service) => service.Source.Current!.DefaultSvid;

    private async Task StartRouterAsync()
    {
        var addresses = new Dictionary<string, string>
        {
            ["listen 127.0.0.1:8443"] = $"listen unix:{RouterSocket}",
            ["resolver 127.0.0.1:10053"] = $"resolver {_registry.Services.GetRequiredService<DnsServer>().LocalEndPoint}",
            ["$service:9005"] = $"$service:{_b.Api.Port}",
        };
        var router = Stopping(OutsideProgram.Start("/usr/sbin/nginx", "-p", Folder, "-c", await RouterFile.WriteAsync("nginx.conf", Folder, addresses, Patience), "-e", "stderr", "-g", "master_process off;"));
        await router.WaitForErrorAsync("getrlimit", Patience);
    }

    private async Task TakeAsync(string step, Func<X509Source, bool> isTaken)
    {
        await Operator.ReplaceAsync(step, Patience);
        foreach (var source in (X509Source[])[_registry.Services.GetRequiredService<X509Source>(), _a.Source, _b.Source])
            while (true)
            {
                var changed = source.GetChangeToken().ChangedAsync(Patience);
                if (isTaken(source)) break;
                await changed;
            }
    }

    private async Task<int> CallAsync(HttpClient client, CancellationToken ending)
    {
        var calls = 0;
        for (; !ending.IsCancellationRequested; calls++) Assert.Equal("spiffe://example.org/service-b says hello to spiffe://example.org/service-a", await HelloAsync(client));
        return calls;
    }

    private async Task<string> HelloAsync(HttpClient client)
    {
        var hello = await client.GetFromJsonAsync<Hello>($"http://{B}/hello", Patience);
        return $"{hello!.Service} says hello to {hello.Caller}";
    }

    private HttpClient EgressOfA() => new(new SocketsHttpHandler
    {
        UseProxy = false,
        ConnectCallback = (_, cancellationToken) => MeshAddress.ConnectAsync(MeshAddress.Parse($"unix:{_a.EgressSocket}"), cancellationToken),
    });

    private async Task<RunningService> StartServiceAsync(string name, string ip, int port)
    {
        var folder = name.Split('.')[0];
        var service = Stopping(new RunningService(
            ServiceHost.Build(new()
            {
                Identity = IdentityOf(folder),
                Logging = Log,
                BindIp = IPAddress.Parse(ip),
                Port = port,
                Sni = name,
                EgressSocket = Path.Combine(FolderOf(folder), "egress.sock"),
                Router = MeshAddress.Parse($"unix:{RouterSocket}"),
                Registry = new(_registry.Urls.Single()),
            }),
            Path.Combine(FolderOf(folder), "egress.sock")));
        await service.App.StartAsync(Patience);
        return service;
    }

    private Action<SpiffeOptions> IdentityOf(string name) => spiffe => spiffe.Provider =
        new MeshIdentity(new() { TrustDomain = TrustDomain, Authority = Address, Folder = new(FolderOf(name)), Program = Program }, Loggers).WatchAsync;

    private void Log(ILoggingBuilder logging) => logging.ClearProviders().SetMinimumLevel(LogLevel.Information).AddProvider(Logs);

    private sealed record Hello(string Caller, string Service);
}
