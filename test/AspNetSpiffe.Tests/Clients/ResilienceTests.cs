using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace AspNetSpiffe.Tests.Clients;

/// <summary>The standard resilience handler around our clients.</summary>
public sealed class ResilienceTests(ITestOutputHelper output) : MeshTest(output)
{
    [Theory, Trait("Trial", "C-07"), Trait("Spec", "XV-ag")]
    [InlineData("1.1", false)]
    [InlineData("2.0", false)]
    [InlineData("1.1", true)]
    [InlineData("2.0", true)]
    public async Task A_refused_server_is_called_once(string version, bool throughProxy)
    {
        var server = await StartServerAsync();
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Services.AddSpiffe(options => options.EndpointSocket = Agent.AddressOf("client"));
        builder.Services.AddLogging(logging => logging.SetMinimumLevel(LogLevel.Trace).AddProvider(Logs));
        builder.Services.AddHttpClient("orders", client => client.BaseAddress = AddressOf(server))
            .AddSpiffeMtls("spiffe://example.org/database", throughProxy ? Keep(new ConnectProxy()).Use : null)
            .AddStandardResilienceHandler();
        using var host = builder.Build();
        await host.StartAsync(Timeout);
        using var client = host.Services.GetRequiredService<IHttpClientFactory>().CreateClient("orders");

        await Assert.ThrowsAsync<SpiffePeerRejectedException>(() => GetAsync(client, version));
        await Assert.ThrowsAsync<SpiffePeerRejectedException>(() => GetAsync(client, version));
        await Logs.WaitForAsync("PeerRefused", Timeout, times: 2);
        await host.StopAsync(Timeout);
        Assert.DoesNotContain(Logs.All, r => r.Category.StartsWith("Polly", StringComparison.Ordinal) && r.Event.Name is "OnRetry" or "OnCircuitOpened");
        Assert.Equal(2, Logs.All.Count(r => r.Event.Name == "PeerRefused"));
    }
}
