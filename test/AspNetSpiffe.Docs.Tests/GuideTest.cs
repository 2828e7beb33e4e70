using AspNetSpiffe.TestKit;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;

namespace AspNetSpiffe.DocsTests;

/// <summary>The code of a guide in a service of its own, with an agent and callers: real sockets, real TLS.</summary>
public abstract class GuideTest(ITestOutputHelper output) : ProgramTest(output)
{
    protected const string Orders = "spiffe://example.org/orders", Cart = "spiffe://example.org/ns/shop/sa/cart";

    protected DevAgent Agent { get; private set; } = null!;

    public override async ValueTask InitializeAsync() => Agent = Stopping(await DevAgent.StartAsync(new DevAgentOptions { Directory = Path.Combine(Folder, "agent") }
        .AddWorkload("orders", "/orders").AddWorkload("gateway", "/gateway").AddWorkload("database", "/database").AddWorkload("cart", "/ns/shop/sa/cart").AddWorkload("ledger", "/ns/finance/sa/ledger")
        .AddWorkload("daily", "/ns/reporting/sa/daily").AddWorkload("alice", "/ops/alice").AddWorkload("envoy", "/ns/edge/envoy"), Patience));

    /// <summary>Starts a service as a workload, on free ports.</summary>
    protected async Task<WebApplication> StartAsync(string workload, Action<WebApplicationBuilder> configure, Action<WebApplication> map, params (string Key, string? Value)[] settings)
    {
        var builder = Builder(workload, settings);
        configure(builder);
        var app = Stopping(builder.Build());
        map(app);
        await app.StartAsync(Patience);
        return app;
    }

    /// <summary>Makes a service that asks an agent, whatever the environment says, and logs to the test.</summary>
    protected WebApplicationBuilder Builder(string workload, params (string Key, string? Value)[] settings)
    {
        var builder = WebApplication.CreateBuilder();
        builder.Configuration.Sources.Clear();
        builder.Configuration.AddInMemoryCollection([new("urls", "https://127.0.0.1:0"), new("Spiffe:EndpointSocket", Agent.AddressOf(workload))]);
        builder.Configuration.AddInMemoryCollection(settings.Select(setting => KeyValuePair.Create(setting.Key, setting.Value)));
        builder.Logging.ClearProviders().AddProvider(Logs);
        return builder;
    }

    protected async Task<X509Source> SourceAsync(string workload) => Stopping(await X509Source.StartAsync(new SpiffeOptions { EndpointSocket = Agent.AddressOf(workload) }, Loggers, Patience));

    /// <summary>Asks a service as a workload, and gives the status and the text of the answer.</summary>
    protected async Task<string> AskAsync(string workload, string address, string server = Orders, Action<HttpRequestMessage>? change = null)
    {
        using var client = new HttpClient(SpiffeHttpHandler.Create(await SourceAsync(workload), SpiffeIdPattern.Parse(server)));
        using var request = new HttpRequestMessage(HttpMethod.Get, address);
        change?.Invoke(request);
        using var answer = await client.SendAsync(request, Patience);
        return answer.IsSuccessStatusCode ? await answer.Content.ReadAsStringAsync(Patience) : $"{(int)answer.StatusCode}";
    }
}
