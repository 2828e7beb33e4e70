using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Http;
using Microsoft.Extensions.Options;

namespace AspNetSpiffe.Tests.Clients;

/// <summary>Named and typed clients of a host.</summary>
public sealed class ClientFactoryTests(ITestOutputHelper output) : MeshTest(output)
{
    [Theory]
    [InlineData("1.1")]
    [InlineData("2.0")]
    public async Task Clients_of_one_name_share_a_pool_and_those_of_another_have_their_own(string version)
    {
        var server = await StartServerAsync(map: app => app.MapGet("/connection", (HttpContext http) => http.Connection.Id));
        using var host = await HostAsync(services =>
        {
            services.AddHttpClient("orders", client => client.BaseAddress = AddressOf(server)).AddSpiffeMtls(Expected);
            services.AddHttpClient("stock", client => client.BaseAddress = AddressOf(server)).AddSpiffeMtls("spiffe://example.org/**");
        });
        var factory = host.Services.GetRequiredService<IHttpClientFactory>();

        var orders = await ConnectionOfAsync(factory, "orders", version);
        Assert.Equal(orders, await ConnectionOfAsync(factory, "orders", version));
        Assert.NotEqual(orders, await ConnectionOfAsync(factory, "stock", version));
        Assert.Equal(Endless, host.Services.GetRequiredService<IOptionsMonitor<HttpClientFactoryOptions>>().Get("orders").HandlerLifetime);
    }

    [Fact]
    public async Task A_typed_client_calls_the_server_that_it_means_and_no_other()
    {
        var server = await StartServerAsync();
        using var host = await HostAsync(services =>
        {
            services.AddHttpClient<Right>(client => client.BaseAddress = AddressOf(server)).AddSpiffeMtls(Expected);
            services.AddHttpClient<Wrong>(client => client.BaseAddress = AddressOf(server)).AddSpiffeMtls(SpiffeIdPattern.Parse("spiffe://example.org/database"));
        });

        Assert.Equal("spiffe://example.org/client", await host.Services.GetRequiredService<Right>().Http.GetStringAsync("/", Timeout));
        var refusal = await Assert.ThrowsAsync<SpiffePeerRejectedException>(() => host.Services.GetRequiredService<Wrong>().Http.GetStringAsync("/", Timeout));
        Assert.Equal((RejectionReason.NotAllowed, Expected), (refusal.Reason, refusal.Id?.ToString()));
    }

    [Fact]
    public async Task Cookies_and_other_settings_stay_when_the_SVID_is_renewed()
    {
        var server = await StartServerAsync(map: app =>
        {
            app.MapGet("/set", (HttpResponse response) => response.Cookies.Append("taste", "sweet"));
            app.MapGet("/get", (HttpRequest request) => $"{request.Cookies["taste"]} {request.HttpContext.Connection.ClientCertificate!.SerialNumber}");
        });
        var cookies = new CookieContainer();
        using var host = await HostAsync(services => services.AddHttpClient("orders", client => client.BaseAddress = AddressOf(server))
            .AddSpiffeMtls(Expected, handler => (handler.CookieContainer, handler.UseCookies) = (cookies, true)));
        using var client = host.Services.GetRequiredService<IHttpClientFactory>().CreateClient("orders");
        var source = host.Services.GetRequiredService<X509Source>();

        (await client.GetAsync("/set", Timeout)).EnsureSuccessStatusCode();
        var before = source.Current!.DefaultSvid.Leaf.SerialNumber;
        Assert.Equal($"sweet {before}", await client.GetStringAsync("/get", Timeout));

        await RotateAsync("client", source);
        Assert.NotEqual(before, source.Current!.DefaultSvid.Leaf.SerialNumber);
        Assert.Equal($"sweet {source.Current!.DefaultSvid.Leaf.SerialNumber}", await client.GetStringAsync("/get", Timeout));
    }

    // The base class calls its patience Timeout.
    private static TimeSpan Endless => System.Threading.Timeout.InfiniteTimeSpan;

    private async Task<string> ConnectionOfAsync(IHttpClientFactory factory, string name, string version)
    {
        using var client = factory.CreateClient(name);
        return await GetAsync(client, version, "/connection");
    }

    private async Task<IHost> HostAsync(Action<IServiceCollection> configure)
    {
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Services.AddSpiffe(options => options.EndpointSocket = Agent.AddressOf("client"));
        configure(builder.Services);
        var host = builder.Build();
        await host.StartAsync(Timeout);
        return host;
    }

    private sealed record Right(HttpClient Http);

    private sealed record Wrong(HttpClient Http);
}
