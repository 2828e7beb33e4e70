using AspNetSpiffe.TestKit;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace AspNetSpiffe.Benchmarks;

/// <summary>A server of ours in this process, with the agent that gives it its identity.</summary>
internal sealed class GrowthHost : IAsyncDisposable
{
    private readonly FakeAgent _agent;

    private GrowthHost(FakeAgent agent, WebApplication app, double startCost) => (_agent, App, StartCost) = (agent, app, startCost);

    public WebApplication App { get; }

    /// <summary>Gets what it took to build and to start it, in milliseconds of processor time.</summary>
    public double StartCost { get; }

    public static async Task<GrowthHost> StartAsync(
        TestIdentity identity, TimeProvider? time = null, IEnumerable<KeyValuePair<string, string?>>? settings = null, Action<WebApplication>? map = null)
    {
        var agent = await FakeAgent.StartAsync();
        agent.OnEachCall = a => a.Send(identity);
        WebApplication? app = null;
        var cost = await Cost.OfAsync(async () =>
        {
            app = Build(agent, time, settings ?? [new("Spiffe:AllowedPeers:0", "spiffe:any")]);
            map?.Invoke(app);
            await app.StartAsync();
        });
        return new(agent, app!, cost);
    }

    public async ValueTask DisposeAsync()
    {
        await App.DisposeAsync();
        await _agent.DisposeAsync();
    }

    private static WebApplication Build(FakeAgent agent, TimeProvider? time, IEnumerable<KeyValuePair<string, string?>> settings)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Configuration.Sources.Clear();
        builder.Configuration.AddInMemoryCollection([new("Spiffe:EndpointSocket", agent.Address), new("urls", "https://127.0.0.1:0"), .. settings]);
        builder.Logging.ClearProviders();
        if (time is not null) builder.Services.AddSingleton(time);
        builder.WebHost.UseSpiffeMtls();
        return builder.Build();
    }
}
