using System.Net;
using Mesh.Names;
using Mesh.Names.Dns;
using Mesh.Service;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace AspNetSpiffe.MeshTests;

/// <summary>Services that register, with the registry of the mesh and its DNS.</summary>
public abstract class MeshWithRegistryTest(ITestOutputHelper output) : ServiceTest(output)
{
    private protected async Task<WebApplication> StartRegistryAsync(int port = 0)
    {
        var registry = RegistryHost.Build(new()
        {
            TrustDomain = TrustDomain.Parse("example.org"),
            Bind = new(IPAddress.IPv6Loopback, port),
            Dns = new(IPAddress.Loopback, 0),
            Identity = spiffe => spiffe.EndpointSocket = Agent.AddressOf("registry"),
            Logging = logging => logging.ClearProviders().SetMinimumLevel(LogLevel.Trace).AddProvider(Logs),
        });
        Stopping(new Running(registry));
        await registry.StartAsync(Patience);
        return registry;
    }

    private protected static Uri AddressOf(WebApplication registry) => new(registry.Urls.Single());

    private protected static EndPoint DnsOf(WebApplication registry) => registry.Services.GetRequiredService<DnsServer>().LocalEndPoint;

    private protected static IPEndPoint[] Registered(WebApplication registry, string name) => [.. registry.Services.GetRequiredService<Leases>().Find(name).Select(static found => found.EndPoint)];

    private protected ServiceOptions RegisteringAt(Uri registry, ServiceOptions options) => options with { Registry = registry, Lease = TimeSpan.FromSeconds(3) };

    // As a signal ends it.
    private sealed class Running(WebApplication app) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync()
        {
            await app.StopAsync();
            await app.DisposeAsync();
        }
    }
}
