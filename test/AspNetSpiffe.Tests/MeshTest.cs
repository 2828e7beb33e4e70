using System.Net;
using System.Net.Security;
using AspNetSpiffe.TestKit;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace AspNetSpiffe.Tests;

/// <summary>A development agent, and services and clients that get their identities from it: real sockets, real TLS.</summary>
public abstract class MeshTest(ITestOutputHelper output) : LoggedTest(output)
{
    protected const string Expected = "spiffe://example.org/server";

    private readonly List<IAsyncDisposable> _running = [];
    private readonly CancellationTokenSource _timeout = new(HangLimit.OfATest);

    protected CancellationToken Timeout => _timeout.Token;

    protected DevAgent Agent { get; private set; } = null!;

    public override async ValueTask InitializeAsync() => Agent = await StartAgentAsync("example.org", "server", "client", "admin");

    protected override async ValueTask StopAsync()
    {
        foreach (var running in Enumerable.Reverse(_running)) await running.DisposeAsync();
        _timeout.Dispose();
    }

    protected Task<DevAgent> StartAgentAsync(string trustDomain, params string[] workloads) => StartAgentAsync(trustDomain, TimeSpan.FromHours(1), workloads);

    protected async Task<DevAgent> StartAgentAsync(string trustDomain, TimeSpan svidLifetime, params string[] workloads)
    {
        var options = new DevAgentOptions { TrustDomain = TrustDomain.Parse(trustDomain), SvidLifetime = svidLifetime, LoggerFactory = Loggers };
        foreach (var workload in workloads) options.AddWorkload(workload, "/" + workload);
        return Keep(await DevAgent.StartAsync(options, Timeout));
    }

    /// <summary>Makes a builder that reads nothing from this machine and logs to the test.</summary>
    protected WebApplicationBuilder Builder(params (string Key, string? Value)[] settings)
    {
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { EnvironmentName = Environments.Production });
        builder.Configuration.Sources.Clear();
        builder.Configuration.AddInMemoryCollection(settings.Select(s => KeyValuePair.Create(s.Key, s.Value)));
        if (builder.Configuration["Spiffe:EndpointSocket"] is null) builder.Configuration["Spiffe:EndpointSocket"] = Agent.AddressOf("server");
        builder.Logging.ClearProviders().SetMinimumLevel(LogLevel.Debug).AddProvider(Logs);
        return builder;
    }

    /// <summary>Starts a service on a free port; <c>/</c> answers with the caller's ID.</summary>
    protected async Task<WebApplication> StartAsync(WebApplicationBuilder builder, Action<WebApplication>? map = null)
    {
        var app = Keep(builder.Build());
        app.MapGet("/", (HttpContext http) => http.Features.Get<ISpiffePeerFeature>()?.Peer?.Id.ToString() ?? "nobody");
        map?.Invoke(app);
        await app.StartAsync(Timeout);
        return app;
    }

    /// <summary>Starts a service whose agent fails it. Its patience ends when the failure is known, by a clock of its own, however slow the machine is.</summary>
    protected async Task<InvalidOperationException> FailStartAsync(WebApplicationBuilder builder, string failure)
    {
        AllowWarning("HostedServiceStartupFaulted");
        AllowWarning("");
        var time = new ManualTime();
        builder.Services.AddSingleton<TimeProvider>(time);
        var starting = StartAsync(builder);
        await WaitForAsync(failure, Timeout);
        while (!starting.IsCompleted)
        {
            Timeout.ThrowIfCancellationRequested();
            time.Advance(TimeSpan.FromSeconds(30));
            await Task.Yield();
        }

        return await Assert.ThrowsAsync<InvalidOperationException>(() => starting);
    }

    /// <summary>Starts a service the usual way: <c>UseSpiffeMtls()</c> and one https URL.</summary>
    protected Task<WebApplication> StartServerAsync(Action<SpiffeServerOptions>? configure = null, Action<WebApplication>? map = null)
    {
        var builder = Builder(("urls", "https://127.0.0.1:0"));
        builder.WebHost.UseSpiffeMtls(configure ?? (_ => { }));
        return StartAsync(builder, map);
    }

    protected async Task<X509Source> SourceAsync(string workload, DevAgent? agent = null) =>
        Keep(await X509Source.StartAsync(new SpiffeOptions { EndpointSocket = (agent ?? Agent).AddressOf(workload) }, Loggers, Timeout));

    protected async Task<HttpClient> ClientAsync(WebApplication server, string workload = "client", DevAgent? agent = null, string expected = Expected) =>
        Client(AddressOf(server), SpiffeHttpHandler.Create(await SourceAsync(workload, agent), SpiffeIdPattern.Parse(expected)));

    protected static HttpClient Client(Uri address, HttpMessageHandler handler) => new(handler) { BaseAddress = address };

    /// <summary>A client of the framework alone, which accepts any server.</summary>
    protected static SocketsHttpHandler AnyServer(X509Svid? svid = null) => new()
    {
        SslOptions = new SslClientAuthenticationOptions
        {
            RemoteCertificateValidationCallback = (_, _, _, _) => true,
            ClientCertificateContext = svid is null ? null : SslStreamCertificateContext.Create(svid.Leaf, [.. svid.Intermediates], offline: true),
        },
    };

    protected static Uri AddressOf(WebApplication server, string scheme = "https") => new(
        server.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single(a => a.StartsWith(scheme + ":", StringComparison.Ordinal)));

    protected async Task<string> GetAsync(HttpClient client, string version = "1.1", string path = "/")
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path) { Version = Version.Parse(version), VersionPolicy = HttpVersionPolicy.RequestVersionExact };
        using var response = await client.SendAsync(request, Timeout);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(Version.Parse(version), response.Version);
        return await response.Content.ReadAsStringAsync(Timeout);
    }

    /// <summary>Renews the SVID of a workload, and waits until its source has it.</summary>
    protected async Task RotateAsync(string workload, X509Source source)
    {
        var changed = source.GetChangeToken().ChangedAsync(Timeout);
        Agent.Rotate(workload);
        await changed;
    }

    protected async Task AssertRefusedAsync(HttpClient client, RejectionReason reason, string? claimed = null, string version = "1.1")
    {
        await Assert.ThrowsAsync<HttpRequestException>(() => GetAsync(client, version));
        var refusal = await WaitForAsync("PeerRefused", Timeout);
        Assert.Equal(reason, refusal.Values["Reason"]);
        Assert.Equal(claimed, refusal.Values["SpiffeId"]);
    }

    protected T Keep<T>(T running) where T : IAsyncDisposable
    {
        _running.Add(running);
        return running;
    }
}
