using System.Threading.Channels;
using AspNetSpiffe.Tests;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Yarp.ReverseProxy.Configuration;
using Yarp.ReverseProxy.Forwarder;
using Yarp.ReverseProxy.Transforms;

namespace AspNetSpiffe.RecipeTests;

/// <summary>A service, a gateway of YARP before it, and a client: each with an identity of its own, and real handshakes between them.</summary>
public abstract class GatewayTest(ITestOutputHelper output) : MeshTest(output)
{
    protected const string Gateway = "spiffe://example.org/admin";

    /// <summary>Starts a gateway; <c>/orders/…</c> leads to the cluster <c>orders</c>, and so on.</summary>
    protected Task<WebApplication> StartGatewayAsync(params ClusterConfig[] clusters) => StartGatewayAsync(new InMemoryConfigProvider(RoutesTo(clusters), clusters));

    protected Task<WebApplication> StartGatewayAsync(
        InMemoryConfigProvider proxy, Action<ForwarderHttpClientContext, SocketsHttpHandler>? configure = null, Action<IReverseProxyBuilder>? before = null, Action<IReverseProxyBuilder>? after = null, Action<WebApplication>? map = null)
    {
        var builder = Builder(("urls", "https://127.0.0.1:0"), ("Spiffe:EndpointSocket", Agent.AddressOf("admin")));
        builder.WebHost.UseSpiffeMtls();
        builder.Services.AddSingleton<IProxyConfigProvider>(proxy).AddSingleton<Reloads>().AddSingleton<IConfigChangeListener>(static services => services.GetRequiredService<Reloads>());
        var reverseProxy = builder.Services.AddReverseProxy();
        before?.Invoke(reverseProxy);
        reverseProxy.AddSpiffeMtls(configure);
        after?.Invoke(reverseProxy);
        return StartAsync(builder, app =>
        {
            app.MapReverseProxy();
            map?.Invoke(app);
        });
    }

    protected Task<HttpClient> ClientOfAsync(WebApplication gateway, string workload = "client") => ClientAsync(gateway, workload, expected: Gateway);

    /// <summary>Starts a service that says who calls it: <c>/</c>, and with which certificate: <c>/serial</c>.</summary>
    protected Task<WebApplication> StartServiceAsync(Action<WebApplication>? map = null) => StartServerAsync(map: app =>
    {
        app.MapGet("/serial", (HttpContext http) => http.GetRequiredSpiffePeer().Leaf.SerialNumber);
        app.MapGet("/connection", (HttpContext http) => http.Connection.Id);
        map?.Invoke(app);
    });

    protected static RouteConfig[] RoutesTo(params ClusterConfig[] clusters) => [.. clusters.Select(static cluster => RouteTo(cluster.ClusterId))];

    protected static RouteConfig RouteTo(string cluster, string? policy = null) =>
        new RouteConfig { RouteId = cluster, ClusterId = cluster, AuthorizationPolicy = policy, Match = new() { Path = $"/{cluster}/{{**rest}}" } }.WithTransformPathRemovePrefix($"/{cluster}");

    protected static ClusterConfig Cluster(WebApplication service, string id = "orders", string? server = Expected, params (string Key, string Value)[] metadata) => new()
    {
        ClusterId = id,
        Destinations = new Dictionary<string, DestinationConfig> { ["one"] = new() { Address = AddressOf(service).ToString() } },
        Metadata = metadata.Concat(server is null ? [] : [(Key: "SpiffeId", Value: server)]).ToDictionary(static entry => entry.Key, static entry => entry.Value),
    };

    /// <summary>Gives the gateway another configuration, and waits until it has taken it up, or rejected it.</summary>
    /// <returns>Why it was rejected; <see langword="null"/> if it was not.</returns>
    protected async Task<Exception?> ReloadAsync(WebApplication gateway, InMemoryConfigProvider proxy, params ClusterConfig[] clusters)
    {
        proxy.Update(RoutesTo(clusters), clusters);
        return await gateway.Services.GetRequiredService<Reloads>().NextAsync(Timeout);
    }

    protected async Task<(int Status, string Body)> AskAsync(HttpClient client, string path, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        foreach (var (name, value) in headers) Assert.True(request.Headers.TryAddWithoutValidation(name, value));
        using var response = await client.SendAsync(request, Timeout);
        return ((int)response.StatusCode, await response.Content.ReadAsStringAsync(Timeout));
    }

    private sealed class Reloads : IConfigChangeListener
    {
        private readonly Channel<Exception?> _ends = Channel.CreateUnbounded<Exception?>();
        private bool _loaded;

        public ValueTask<Exception?> NextAsync(CancellationToken cancellationToken) => _ends.Reader.ReadAsync(cancellationToken);

        public void ConfigurationLoadingFailed(IProxyConfigProvider configProvider, Exception exception) => _ends.Writer.TryWrite(exception);

        public void ConfigurationLoaded(IReadOnlyList<IProxyConfig> proxyConfigs)
        {
        }

        public void ConfigurationApplyingFailed(IReadOnlyList<IProxyConfig> proxyConfigs, Exception exception) => _ends.Writer.TryWrite(exception);

        // The first is the load at the start.
        public void ConfigurationApplied(IReadOnlyList<IProxyConfig> proxyConfigs)
        {
            if (_loaded) _ends.Writer.TryWrite(null);
            _loaded = true;
        }
    }
}
