using System.Net;
using Grpc.Core;
using Grpc.Net.ClientFactory;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Http;
using Microsoft.Extensions.Options;

namespace AspNetSpiffe.Tests.Clients;

/// <summary>A client with AddSpiffeMtls calls with our SVID, or cannot be built.</summary>
public sealed class PrimaryHandlerTests(ITestOutputHelper output) : MeshTest(output)
{
    private static readonly Dictionary<string, Action<IHttpClientBuilder>> Replacements = new()
    {
        ["UseSocketsHttpHandler"] = c => c.UseSocketsHttpHandler((h, _) => h.AllowAutoRedirect = false),
        ["UseSocketsHttpHandler with a builder"] = c => c.UseSocketsHttpHandler(b => b.Configure((_, _) => { })),
        ["ConfigurePrimaryHttpMessageHandler"] = c => c.ConfigurePrimaryHttpMessageHandler(() => new SocketsHttpHandler()),
        ["ConfigurePrimaryHttpMessageHandler with another type"] = c => c.ConfigurePrimaryHttpMessageHandler(() => new HttpClientHandler()),
        ["ConfigurePrimaryHttpMessageHandler of the container"] = c => c.ConfigurePrimaryHttpMessageHandler<HttpClientHandler>(),
        ["a builder action"] = c => Change(c, b => b.PrimaryHandler = new HttpClientHandler()),
        ["a post-configuration"] = c => c.Services.PostConfigure<HttpClientFactoryOptions>(c.Name, o => o.HttpMessageHandlerBuilderActions.Add(b => b.PrimaryHandler = new HttpClientHandler())),
        ["a filter"] = c => c.Services.AddSingleton<IHttpMessageHandlerBuilderFilter>(new Filter(b => b.PrimaryHandler = new HttpClientHandler())),
        ["null"] = c => Change(c, b => b.PrimaryHandler = null!),
    };

    public static TheoryData<string> Ways => [.. Replacements.Keys];

    [Theory, Trait("Trial", "C-03"), Trait("Spec", "XV-af")]
    [MemberData(nameof(Ways))]
    public void A_handler_that_is_replaced_afterwards_is_an_error_when_the_client_is_built(string way)
    {
        using var host = Host(services =>
        {
            var client = services.AddHttpClient("orders").AddSpiffeMtls(Expected);
            services.AddTransient<HttpClientHandler>();
            Replacements[way](client);
        });
        AssertRefused(host, "was replaced by a");
    }

    [Theory, Trait("Trial", "C-03")]
    [InlineData("ConfigurePrimaryHttpMessageHandler with another type")]
    [InlineData("a builder action")]
    public void A_handler_before_ours_whose_settings_cannot_be_kept_is_an_error_too(string way)
    {
        using var host = Host(services =>
        {
            var client = services.AddHttpClient("orders");
            Replacements[way](client);
            client.AddSpiffeMtls(Expected);
        });
        AssertRefused(host, "whose settings cannot be kept");
    }

    [Fact, Trait("Trial", "C-03")]
    public void A_filter_that_was_there_first_is_noticed_as_well()
    {
        using var host = Host(services =>
        {
            services.AddSingleton<IHttpMessageHandlerBuilderFilter>(new Filter(b => b.PrimaryHandler = new HttpClientHandler()));
            services.AddHttpClient("orders").AddSpiffeMtls(Expected);
        });
        AssertRefused(host, "HttpClientHandler");
    }

    [Theory, Trait("Trial", "C-03")]
    [InlineData("before")]
    [InlineData("for all clients")]
    [InlineData("for all clients, afterwards")]
    public async Task What_was_set_before_is_kept(string when)
    {
        var server = await StartServerAsync(map: app => app.MapGet("/away", () => Results.Redirect("/")));
        using var host = Host(services =>
        {
            if (when == "for all clients") services.ConfigureHttpClientDefaults(Change);
            var client = services.AddHttpClient("orders", c => c.BaseAddress = AddressOf(server));
            if (when == "before") Change(client);
            client.AddSpiffeMtls(Expected);
            if (when == "for all clients, afterwards") services.ConfigureHttpClientDefaults(Change);
        });
        await host.StartAsync(Timeout);
        using var orders = host.Services.GetRequiredService<IHttpClientFactory>().CreateClient("orders");

        using var response = await orders.GetAsync("/away", Timeout);
        Assert.Equal(HttpStatusCode.Redirect, response.StatusCode);
        Assert.Equal("spiffe://example.org/client", await orders.GetStringAsync("/", Timeout));

        static void Change(IHttpClientBuilder client) => client.UseSocketsHttpHandler((h, _) => h.AllowAutoRedirect = false);
    }

    [Fact, Trait("Trial", "C-03"), Trait("Trial", "C-02")]
    public void What_was_set_before_and_concerns_certificates_is_an_error()
    {
        using var host = Host(services => services.AddHttpClient("orders")
            .UseSocketsHttpHandler((h, _) => h.SslOptions.RemoteCertificateValidationCallback = (_, _, _, _) => true)
            .AddSpiffeMtls(Expected));
        AssertRefused(host, "RemoteCertificateValidationCallback");
    }

    [Fact, Trait("Trial", "C-03")]
    public async Task Proxies_of_the_environment_stay_off_whoever_made_the_handler()
    {
        using var host = Host(services => services.AddHttpClient("orders").ConfigurePrimaryHttpMessageHandler(() => new SocketsHttpHandler()).AddSpiffeMtls(Expected));
        await host.StartAsync(Timeout);
        Assert.Equal((false, TimeSpan.FromMinutes(2)), SettingsOf(host) is var h ? (h.UseProxy, h.PooledConnectionLifetime) : default);
    }

    [Fact, Trait("Trial", "C-03")]
    public async Task A_handler_around_ours_is_welcome()
    {
        var (server, requests) = (await StartServerAsync(), 0);
        using var host = Host(services => Change(
            services.AddHttpClient("orders", c => c.BaseAddress = AddressOf(server)).AddSpiffeMtls(Expected).AddHttpMessageHandler(() => new Counting(() => requests++)),
            b => b.PrimaryHandler = new Counting(() => requests++) { InnerHandler = b.PrimaryHandler }));
        await host.StartAsync(Timeout);
        using var orders = host.Services.GetRequiredService<IHttpClientFactory>().CreateClient("orders");
        Assert.Equal("spiffe://example.org/client", await orders.GetStringAsync("/", Timeout));
        Assert.Equal(2, requests);
    }

    [Fact, Trait("Trial", "C-03")]
    public void Two_expected_servers_for_one_client_are_an_error()
    {
        using var host = Host(services => services.AddHttpClient("orders").AddSpiffeMtls(Expected).AddSpiffeMtls("spiffe://example.org/database"));
        AssertRefused(host, $"'{Expected},spiffe://example.org/database'");
    }

    [Fact, Trait("Trial", "C-03")]
    public async Task The_same_server_twice_adds_the_settings_and_a_client_s_own_server_counts_before_that_of_all_clients()
    {
        using var host = Host(services =>
        {
            services.ConfigureHttpClientDefaults(all => all.AddSpiffeMtls("spiffe://example.org/nobody"));
            services.AddHttpClient("orders").AddSpiffeMtls(Expected, h => h.MaxConnectionsPerServer = 7).AddSpiffeMtls(Expected, h => h.MaxAutomaticRedirections = 3);
        });
        await host.StartAsync(Timeout);
        var server = await StartServerAsync();
        Assert.Equal((7, 3), SettingsOf(host) is var h ? (h.MaxConnectionsPerServer, h.MaxAutomaticRedirections) : default);

        using var orders = host.Services.GetRequiredService<IHttpClientFactory>().CreateClient("orders");
        Assert.Equal("spiffe://example.org/client", await orders.GetStringAsync(AddressOf(server), Timeout));
        using var other = host.Services.GetRequiredService<IHttpClientFactory>().CreateClient("other");
        await Assert.ThrowsAsync<SpiffePeerRejectedException>(() => other.GetStringAsync(AddressOf(server), Timeout));
    }

    [Theory, Trait("Trial", "C-02")]
    [InlineData(true)]
    [InlineData(false)]
    public void A_handler_s_lifetime_that_was_chosen_is_kept(bool before)
    {
        using var host = Host(services =>
        {
            var client = services.AddHttpClient("orders");
            if (before) client.SetHandlerLifetime(TimeSpan.FromHours(1)).AddSpiffeMtls(Expected);
            else client.AddSpiffeMtls(Expected).SetHandlerLifetime(TimeSpan.FromHours(1));
        });
        Assert.Equal(TimeSpan.FromHours(1), host.Services.GetRequiredService<IOptionsMonitor<HttpClientFactoryOptions>>().Get("orders").HandlerLifetime);
    }

    [Fact, Trait("Trial", "C-03")]
    public async Task Typed_and_keyed_clients_are_guarded_alike()
    {
        using var host = Host(services =>
        {
            services.AddHttpClient("keyed").AddSpiffeMtls(Expected).UseSocketsHttpHandler().AddAsKeyed();
            services.AddHttpClient<Typed>().AddSpiffeMtls(Expected).UseSocketsHttpHandler();
        });
        await using var scope = host.Services.CreateAsyncScope();
        Assert.Throws<InvalidOperationException>(() => scope.ServiceProvider.GetRequiredKeyedService<HttpClient>("keyed"));
        Assert.Throws<InvalidOperationException>(() => scope.ServiceProvider.GetRequiredService<Typed>());
    }

    [Fact, Trait("Trial", "C-03")]
    public async Task A_client_of_gRPC_keeps_what_gRPC_sets_and_is_guarded_alike()
    {
        using var host = Host(services =>
        {
            services.AddGrpcClient<GrpcClient>("orders", o => o.Address = new("https://127.0.0.1:1")).AddSpiffeMtls(Expected);
            services.AddGrpcClient<GrpcClient>("replaced", o => o.Address = new("https://127.0.0.1:1")).AddSpiffeMtls(Expected).UseSocketsHttpHandler();
        });
        await host.StartAsync(Timeout);
        Assert.True(SettingsOf(host).EnableMultipleHttp2Connections);
        Assert.Contains("would call without its SPIFFE identity", Assert.Throws<InvalidOperationException>(() =>
            host.Services.GetRequiredService<GrpcClientFactory>().CreateClient<GrpcClient>("replaced")).Message, StringComparison.Ordinal);
    }

    private static void Change(IHttpClientBuilder client, Action<HttpMessageHandlerBuilder> change) =>
        client.Services.Configure<HttpClientFactoryOptions>(client.Name, options => options.HttpMessageHandlerBuilderActions.Add(change));

    private static void AssertRefused(IHost host, string because)
    {
        var factory = host.Services.GetRequiredService<IHttpClientFactory>();
        var error = Assert.Throws<InvalidOperationException>(() => factory.CreateClient("orders"));
        Assert.Contains(because, error.Message, StringComparison.Ordinal);
        Assert.Throws<InvalidOperationException>(() => factory.CreateClient("orders"));
        factory.CreateClient("an ordinary client").Dispose();
    }

    private static SocketsHttpHandler SettingsOf(IHost host)
    {
        var handler = host.Services.GetRequiredService<IHttpMessageHandlerFactory>().CreateHandler("orders");
        while (handler is DelegatingHandler around) handler = around.InnerHandler;
        return Assert.IsType<SocketsHttpHandler>(handler);
    }

    private IHost Host(Action<IServiceCollection> configure)
    {
        var builder = Microsoft.Extensions.Hosting.Host.CreateEmptyApplicationBuilder(null);
        builder.Services.AddSpiffe(options => options.EndpointSocket = Agent.AddressOf("client"));
        configure(builder.Services);
        return builder.Build();
    }

    private sealed record Typed(HttpClient Http);

    private sealed class GrpcClient(CallInvoker invoker) : ClientBase(invoker);

    private sealed class Filter(Action<HttpMessageHandlerBuilder> afterwards) : IHttpMessageHandlerBuilderFilter
    {
        public Action<HttpMessageHandlerBuilder> Configure(Action<HttpMessageHandlerBuilder> next) => builder =>
        {
            next(builder);
            if (builder.Name == "orders") afterwards(builder);
        };
    }

    private sealed class Counting(Action count) : DelegatingHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            count();
            return base.SendAsync(request, cancellationToken);
        }
    }
}
