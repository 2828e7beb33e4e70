using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace AspNetSpiffe.Tests.Composition;

/// <summary>Mutual TLS that was asked for is on an endpoint, or the start fails.</summary>
public sealed class HttpsEndpointTests(ITestOutputHelper output) : MeshTest(output)
{
    public static TheoryData<string, string?, Action<WebApplicationBuilder>> Plain => new()
    {
        { "urls", "http://127.0.0.1:0", _ => { } },
        { "HTTP_PORTS", "0", _ => { } },
        { "Kestrel:Endpoints:E:Url", "http://127.0.0.1:0", _ => { } },
        { "listener in code", null, builder => builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0)) },
        { "urls", "https://127.0.0.1:0", builder => builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0)) },
        { "socket", null, builder => builder.WebHost.ConfigureKestrel(kestrel => kestrel.ListenUnixSocket(Path.Combine(Path.GetTempPath(), Path.GetRandomFileName()))) },
    };

    [Theory, MemberData(nameof(Plain)), Trait("Trial", "K-03"), Trait("Spec", "CF-09")]
    public async Task Without_an_https_endpoint_the_start_fails_and_no_request_passes(string where, string? value, Action<WebApplicationBuilder> configure)
    {
        AllowStartFailure();
        var builder = Builder((where, value));
        builder.WebHost.UseSpiffeMtls();
        configure(builder);

        var (called, early) = (false, new EarlyRequest());
        builder.Services.Insert(0, ServiceDescriptor.Singleton<IHostedService>(early.Of));
        var app = Keep(builder.Build());
        app.Run(http =>
        {
            called = true;
            return http.Response.WriteAsync("anonymous");
        });
        var error = await Assert.ThrowsAsync<InvalidOperationException>(() => app.StartAsync(Timeout));

        var address = Assert.Single(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses);
        Assert.Equal(
            $"UseSpiffeMtls() secures https endpoints, and this server has none: it listens on {address}. Add one, for example with the environment variable " +
            "ASPNETCORE_URLS=https://+:8443 or with 'listenOptions.UseHttps()' in code. If callers without an identity are intended, set 'Spiffe:RequireHttpsEndpoint' to false.",
            error.Message);
        Assert.NotEqual(HttpStatusCode.OK, early.Status);
        Assert.False(called);
    }

    [Theory, Trait("Trial", "K-03")]
    [InlineData("urls", "http://127.0.0.1:0")]
    [InlineData("Kestrel:Endpoints:E:Url", "http://127.0.0.1:0")]
    public async Task An_option_allows_a_server_without_https_and_the_log_says_so(string key, string value)
    {
        ExpectWarning("NoHttpsEndpoint");
        var builder = Builder((key, value), ("Spiffe:RequireHttpsEndpoint", "false"));
        builder.WebHost.UseSpiffeMtls();
        var server = await StartAsync(builder);
        using var client = Client(AddressOf(server, "http"), new SocketsHttpHandler());
        Assert.Equal("nobody", await GetAsync(client));
    }

    [Fact, Trait("Trial", "K-03")]
    public async Task One_https_endpoint_is_enough()
    {
        var builder = Builder(("urls", "http://127.0.0.1:0;https://127.0.0.1:0"));
        builder.WebHost.UseSpiffeMtls();
        await StartAsync(builder);
    }

    [Fact, Trait("Trial", "K-03")]
    public async Task A_listener_with_UseSpiffe_is_enough()
    {
        var builder = Builder();
        builder.WebHost.UseSpiffeMtls();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen => listen.UseSpiffe()));
        await StartAsync(builder);
    }

    [Fact, Trait("Trial", "K-03")]
    public async Task A_test_server_has_no_endpoints_to_secure()
    {
        var builder = Builder();
        builder.WebHost.UseSpiffeMtls().UseTestServer();
        var server = await StartAsync(builder);
        using var client = server.GetTestClient();
        Assert.Equal("nobody", await client.GetStringAsync("/", Timeout));
    }

    [Theory, Trait("Trial", "M-13")]
    [InlineData("Kestrel:Endpoints:E:clientcertificatemode")]
    [InlineData("KESTREL:ENDPOINTS:E:CLIENTCERTIFICATEMODE")]
    public async Task A_key_of_Kestrel_is_found_in_any_case(string key)
    {
        AllowStartFailure();
        var builder = Builder(("Kestrel:Endpoints:E:Url", "https://127.0.0.1:0"), (key, "AllowCertificate"));
        builder.WebHost.UseSpiffeMtls();
        var error = await Assert.ThrowsAsync<InvalidOperationException>(() => StartAsync(builder));
        Assert.Contains("'AllowCertificate'", error.Message, StringComparison.Ordinal);
    }

    private void AllowStartFailure()
    {
        AllowWarning("HostedServiceStartupFaulted");
        AllowWarning("");
    }

    /// <summary>Sends a request as early as anybody can: when the server has bound its endpoints and the start has not ended.</summary>
    private sealed class EarlyRequest : IHostedLifecycleService
    {
        private IServiceProvider _services = null!;

        public HttpStatusCode? Status { get; private set; }

        public EarlyRequest Of(IServiceProvider services)
        {
            _services = services;
            return this;
        }

        public async Task StartedAsync(CancellationToken cancellationToken)
        {
            var address = _services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();
            if (address.Contains("unix", StringComparison.Ordinal)) return;
            using var client = new HttpClient();
            using var response = await client.GetAsync(address.Replace("[::]", "127.0.0.1", StringComparison.Ordinal), cancellationToken);
            Status = response.StatusCode;
        }

        public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
