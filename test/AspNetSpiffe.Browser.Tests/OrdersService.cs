using System.Net;
using AspNetSpiffe.TestKit;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace AspNetSpiffe.Browser.Tests;

/// <summary>A service with all that the page shows: agents of federated trust domains, callers, refused strangers, calls out, updates. Real sockets, real TLS.</summary>
public sealed class OrdersService : IAsyncLifetime
{
    public const string Id = "spiffe://example.org/ns/shop/sa/orders";
    public const string Cart = "spiffe://example.org/ns/shop/sa/cart";
    public const string Courier = "spiffe://partner.example/courier";
    public const string NotAllowed = "spiffe://example.org/ns/lab/sa/probe";

    private readonly List<IAsyncDisposable> _running = [];
    private readonly List<IDisposable> _clients = [];
    private readonly CancellationTokenSource _timeout = new(HangLimit.OfATest);

    /// <summary>Gets the address of the page, on the plain http port.</summary>
    public string PageAddress { get; private set; } = "";

    public async ValueTask InitializeAsync()
    {
        var ours = await StartAgentAsync("example.org", ("orders", "/ns/shop/sa/orders"), ("payments", "/ns/shop/sa/payments"), ("cart", "/ns/shop/sa/cart"), ("probe", "/ns/lab/sa/probe"));
        var partner = await StartAgentAsync("partner.example", ("courier", "/courier"));
        var stranger = await StartAgentAsync("stranger.example", ("visitor", "/visitor"));
        ours.AddFederatedBundle(partner);
        partner.AddFederatedBundle(ours);
        stranger.AddFederatedBundle(ours);

        var orders = await StartAsync(ours.AddressOf("orders"), MapOrders);
        var payments = await StartAsync(ours.AddressOf("payments"), static app => app.MapGet("/", () => "paid"));
        PageAddress = AddressOf(orders, "http") + "spiffe";

        var service = AddressOf(orders, "https");
        await CallAsync(await SourceAsync(ours.AddressOf("cart")), service, Id);
        await CallAsync(await SourceAsync(ours.AddressOf("cart")), service, Id);
        await CallAsync(await SourceAsync(partner.AddressOf("courier")), service, Id);
        await RefusedAsync(await SourceAsync(ours.AddressOf("probe")), service, Id);
        await RefusedAsync(await SourceAsync(stranger.AddressOf("visitor")), service, Id);

        var identity = orders.Services.GetRequiredService<X509Source>();
        await ChangeAsync(identity, ours.PrepareAuthority);
        await ChangeAsync(identity, () => ours.Rotate("orders"));
        await CallAsync(identity, AddressOf(payments, "https"), "spiffe://example.org/ns/shop/sa/*");
        await RefusedAsync(identity, AddressOf(payments, "https"), "spiffe://example.org/ns/shop/sa/ledger");
    }

    public async ValueTask DisposeAsync()
    {
        _clients.ForEach(static client => client.Dispose());
        foreach (var running in Enumerable.Reverse(_running)) await running.DisposeAsync();
        _timeout.Dispose();
    }

    private static void MapOrders(WebApplication app)
    {
        app.MapGet("/orders/{id}", (string id) => id).RequireSpiffe("spiffe://example.org/ns/shop/**");
        app.MapPost("/orders", () => "made").RequireAuthorization(Cart);
        app.MapGet("/deliveries", () => "none").RequireSpiffe($"{Courier},spiffe://example.org/ns/shop/**");
        app.MapGet("/reports", () => "none").RequireTrustDomain("example.org").RequirePathPrefix("/ns/reporting");
        app.MapGet("/account", () => "mine").RequireAuthorization(new AuthorizationPolicyBuilder().RequireAuthenticatedUser().RequireClaim("team").Build());
        app.MapGet("/healthz", () => "ok").AllowAnonymous();
        app.MapGet("/", () => "orders");
        app.MapSpiffeDiagnostics("/spiffe");
    }

    private async Task<WebApplication> StartAsync(string agent, Action<WebApplication> map)
    {
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { EnvironmentName = Environments.Development });
        builder.Configuration.Sources.Clear();
        builder.Configuration.AddInMemoryCollection([new("urls", "https://127.0.0.1:0;http://127.0.0.1:0"), new("Spiffe:EndpointSocket", agent)]);
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(static kestrel => kestrel.Limits.KeepAliveTimeout = TimeSpan.FromHours(1));
        builder.WebHost.UseSpiffeMtls(static options => options.AllowedPeers = ["spiffe://example.org/ns/shop/**", Courier]);
        var app = Keep(builder.Build());
        map(app);
        await app.StartAsync(_timeout.Token);
        return app;
    }

    private async Task<DevAgent> StartAgentAsync(string trustDomain, params (string Name, string Path)[] workloads)
    {
        var options = new DevAgentOptions { TrustDomain = TrustDomain.Parse(trustDomain), SvidLifetime = TimeSpan.FromHours(1) };
        foreach (var (name, path) in workloads) options.AddWorkload(name, path);
        return Keep(await DevAgent.StartAsync(options, _timeout.Token));
    }

    private async Task<X509Source> SourceAsync(string agent) => Keep(await X509Source.StartAsync(new SpiffeOptions { EndpointSocket = agent }, null, _timeout.Token));

    // Stays connected, however long the tests take: neither side ends a connection because it is idle.
    private async Task CallAsync(X509Source identity, Uri server, string expected)
    {
        using var response = await Client(identity, expected).GetAsync(server, _timeout.Token);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    private Task RefusedAsync(X509Source identity, Uri server, string expected) =>
        Assert.ThrowsAnyAsync<Exception>(() => Client(identity, expected).GetAsync(server, _timeout.Token));

    private HttpClient Client(X509Source identity, string expected)
    {
        var client = new HttpClient(SpiffeHttpHandler.Create(identity, SpiffeIdPattern.Parse(expected), static inner => inner.PooledConnectionIdleTimeout = Timeout.InfiniteTimeSpan));
        _clients.Add(client);
        return client;
    }

    private async Task ChangeAsync(X509Source identity, Action change)
    {
        var changed = identity.GetChangeToken().ChangedAsync(_timeout.Token);
        change();
        await changed;
    }

    private T Keep<T>(T running)
        where T : IAsyncDisposable
    {
        _running.Add(running);
        return running;
    }

    private static Uri AddressOf(WebApplication server, string scheme) => new(
        server.Services.GetRequiredService<IServer>().Features.GetRequiredFeature<IServerAddressesFeature>().Addresses.Single(address => address.StartsWith(scheme + ":", StringComparison.Ordinal)));
}
