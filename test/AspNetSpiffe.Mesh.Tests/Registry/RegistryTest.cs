using System.Net;
using AspNetSpiffe.TestKit;
using Grpc.Net.Client;
using Mesh.Names;
using Mesh.Names.Dns;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace AspNetSpiffe.MeshTests;

/// <summary>A running registry, and services that have an identity of the same agent.</summary>
public abstract class RegistryTest(ITestOutputHelper output) : ProgramTest(output)
{
    private protected const string NameOfA = "service-a.example.org", IdOfA = "spiffe://example.org/service-a";

    private protected DevAgent Agent { get; private set; } = null!;

    private protected WebApplication App { get; private set; } = null!;

    private protected ManualTime Clock { get; } = new();

    private protected IPEndPoint Dns => App.Services.GetRequiredService<DnsServer>().LocalEndPoint;

    /// <summary>Gets how the registry of the class runs.</summary>
    private protected virtual RegistryOptions Options => new()
    {
        TrustDomain = TrustDomain.Parse("example.org"),
        Bind = new(IPAddress.Loopback, 0),
        Dns = new(IPAddress.Loopback, 0),
        Identity = spiffe => spiffe.EndpointSocket = Agent.AddressOf("registry"),
        Logging = logging => logging.ClearProviders().SetMinimumLevel(LogLevel.Debug).AddProvider(Logs),
    };

    public override async ValueTask InitializeAsync()
    {
        Agent = await StartAgentAsync("example.org", "registry", "service-a", "service-b", "nested/service");
        App = Stopping(RegistryHost.Build(Options));
        await App.StartAsync(Patience);
    }

    protected override async ValueTask StopAsync()
    {
        await App.StopAsync(Patience);
        await base.StopAsync();
    }

    private protected async Task<DevAgent> StartAgentAsync(string trustDomain, params string[] workloads)
    {
        var options = new DevAgentOptions { TrustDomain = TrustDomain.Parse(trustDomain), Directory = Path.Combine(Folder, trustDomain), LoggerFactory = Loggers };
        foreach (var workload in workloads) options.AddWorkload(workload.Replace('/', '-'), "/" + workload);
        return Stopping(await DevAgent.StartAsync(options, Patience));
    }

    private protected async Task<HttpClient> RestAsync(string workload, DevAgent? agent = null) => new(await HandlerAsync(workload, agent)) { BaseAddress = new(App.Urls.Single()) };

    private protected async Task<Mesh.Registry.RegistryClient> GrpcAsync(string workload, DevAgent? agent = null) =>
        new(GrpcChannel.ForAddress(App.Urls.Single(), new() { HttpHandler = await HandlerAsync(workload, agent) }));

    /// <summary>Registers without a call: for those tests that are of DNS alone.</summary>
    private protected void Add(string name, params IEnumerable<string> endpoints) =>
        Assert.True(App.Services.GetRequiredService<Leases>().TrySet(name, [.. endpoints.Select(IPEndPoint.Parse)], TimeSpan.FromMinutes(5), out _));

    private protected Task<DigReply> DigAsync(params IEnumerable<string> query) => DigReply.AskAsync(Dns, query, Patience);

    private async Task<SpiffeHttpHandler> HandlerAsync(string workload, DevAgent? agent)
    {
        var source = Stopping(await X509Source.StartAsync(new SpiffeOptions { EndpointSocket = (agent ?? Agent).AddressOf(workload) }, Loggers, Patience));
        return SpiffeHttpHandler.Create(source, SpiffeIdPattern.Parse("spiffe://example.org/registry"));
    }
}
