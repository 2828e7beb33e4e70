using AspNetSpiffe.TestKit;
using AspNetSpiffe.Tests.Composition;
using AspNetSpiffe.Wire;
using Google.Protobuf;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace AspNetSpiffe.Tests.Modes;

/// <summary>A client whose mode and server are those of the configuration.</summary>
public sealed class ClientSectionTests(ITestOutputHelper output) : SettingsTest(output)
{
    [Theory]
    [InlineData(null, "spiffe://example.org/client")]
    [InlineData("Mutual", "spiffe://example.org/client")]
    [InlineData("NoClientCertificate", "nobody")]
    public async Task The_mode_decides_what_the_server_sees(string? mode, string caller)
    {
        var server = await StartOptionalAsync();
        using var host = await HostAsync(("Spiffe:Clients:orders:Mode", mode), ("Spiffe:Clients:orders:Server", Expected));
        using var client = ClientOf(host, server);
        Assert.Equal(caller, await GetAsync(client, "2.0"));
    }

    [Theory]
    [InlineData("Mutual")]
    [InlineData("NoClientCertificate")]
    public async Task The_server_of_the_configuration_is_the_one_that_must_answer(string mode)
    {
        var server = await StartOptionalAsync();
        using var host = await HostAsync(("Spiffe:Clients:orders:Mode", mode), ("Spiffe:Clients:orders:Server", "spiffe://example.org/database"));
        using var client = ClientOf(host, server);
        Assert.Equal("spiffe://example.org/database", (await Assert.ThrowsAsync<SpiffePeerRejectedException>(() => GetAsync(client))).Expected.ToString());
    }

    [Fact]
    public async Task To_a_web_server_the_roots_of_the_system_decide()
    {
        var server = await StartOptionalAsync();
        using var host = await HostAsync(("Spiffe:Clients:orders:Mode", "WebServer"));
        using var client = ClientOf(host, server);
        var failure = await Assert.ThrowsAsync<HttpRequestException>(() => GetAsync(client));
        Assert.Contains("RemoteCertificateNameMismatch", failure.InnerException!.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Mutual", "FetchX509SVID")]
    [InlineData("NoClientCertificate", "FetchX509Bundles")]
    public async Task The_host_waits_for_what_the_mode_needs_and_asks_for_nothing_else(string mode, string call)
    {
        var (agent, pki) = (Keep(await FakeAgent.StartAsync()), new TestPki());
        agent.Send(mode == "Mutual" ? pki.Response(pki.Leaf("/client")) : new X509BundlesResponse { Bundles = { ["spiffe://example.org"] = ByteString.CopyFrom(pki.BundleDer) } });
        using var host = await HostAsync(("Spiffe:EndpointSocket", agent.Address), ("Spiffe:Clients:orders:Mode", mode), ("Spiffe:Clients:orders:Server", Expected));
        Assert.EndsWith($"/{call}", Assert.Single(agent.Calls).Path, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "Spiffe:Clients:orders:Server: is missing. Set it to the expected server: an ID, or a pattern such as spiffe://example.org/orders.")]
    [InlineData("Spiffe:Clients:orders:Mode=NoClientCertificate", "Spiffe:Clients:orders:Server: is missing. Set it to the expected server: an ID, or a pattern such as spiffe://example.org/orders.")]
    [InlineData("Spiffe:Clients:orders:Mode=Web", "Spiffe:Clients:orders:Mode: 'Web' is none of Mutual, NoClientCertificate, WebServer.")]
    [InlineData("Spiffe:Clients:orders:Mode=WebServer Spiffe:Clients:orders:Server=spiffe://example.org/server", "Spiffe:Clients:orders:Server: has no effect in the mode WebServer: the server is verified by its host name, not by a SPIFFE ID. Remove the key, or choose another mode.")]
    [InlineData("Spiffe:Clients:orders:Server=spiffe://*/x", "Spiffe:Clients:orders:Server: The pattern 'spiffe://*/x' has a '*' in the trust domain at position 9; list each trust domain, or write 'spiffe:any' for any verified peer.")]
    [InlineData("Spiffe:Clients:orders:Server=spiffe://example.org/server Spiffe:Clients:orders:Servr=x", "Spiffe:Clients:orders:Servr: unknown key. Did you mean 'Spiffe:Clients:orders:Server'?")]
    [InlineData("Spiffe:Clients:orders:Server=spiffe://example.org/server Spiffe:Clients:order:Mode=WebServer", "Spiffe:Clients:order: unknown key. Did you mean 'Spiffe:Clients:orders'?")]
    public async Task A_mistake_fails_the_start_by_its_key(string settings, string mistake)
    {
        await AssertRefusedAsync(() => StartAsync(settings), mistake);
    }

    [Fact]
    public async Task A_client_that_says_itself_how_it_calls_reads_no_key()
    {
        var builder = ServerBuilder(("memory", "Spiffe:Clients:orders:Mode=WebServer"));
        builder.WebHost.UseSpiffeMtls();
        builder.Services.AddHttpClient("orders").AddSpiffeMtls(Expected);
        ExpectWarning("SettingsRefused");
        AllowWarning("HostedServiceStartupFaulted");
        var error = await Assert.ThrowsAnyAsync<Exception>(() => StartAsync(builder));
        Assert.Contains("Spiffe:Clients: unknown key.", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_reload_changes_neither_mode_nor_server_and_the_log_says_so()
    {
        ExpectWarning("AllowedPeersRefused");
        var server = await StartAsync($"Spiffe:Clients:orders:Server={Expected}");
        server.Configuration["Spiffe:Clients:orders:Mode"] = "NoClientCertificate";
        server.Configuration["Spiffe:Clients:orders:Server"] = "spiffe:any";
        ((IConfigurationRoot)server.Configuration).Reload();
        var refusal = (await WaitForAsync("AllowedPeersRefused", Timeout)).Message;
        Assert.Contains("Spiffe:Clients:orders:Mode: was Mutual, and is NoClientCertificate now. The change is applied after a restart.", refusal, StringComparison.Ordinal);
        Assert.Contains($"Spiffe:Clients:orders:Server: was '{Expected}', and is 'spiffe:any' now.", refusal, StringComparison.Ordinal);

        // The client was not made before.
        using var client = server.Services.GetRequiredService<IHttpClientFactory>().CreateClient("orders");
        client.BaseAddress = AddressOf(server);
        Assert.Equal(Expected, await GetAsync(client));
    }

    [Fact]
    public async Task Settings_of_a_second_call_count_too()
    {
        var server = await StartOptionalAsync();
        var configured = 0;
        using var host = await HostAsync(
            services => services.AddHttpClient("orders").AddSpiffeFromConfiguration(_ => configured++).AddSpiffeFromConfiguration(_ => configured++), ("Spiffe:Clients:orders:Server", Expected));
        using var client = ClientOf(host, server);
        Assert.Equal("spiffe://example.org/client", await GetAsync(client));
        Assert.Equal(2, configured);
    }

    [Fact]
    public void A_client_without_a_name_has_no_section()
    {
        var services = new ServiceCollection();
        Assert.Throws<ArgumentException>(() => services.ConfigureHttpClientDefaults(defaults => defaults.AddSpiffeFromConfiguration()));
        Assert.Throws<ArgumentException>(() => services.AddHttpClient("").AddSpiffeFromConfiguration());
        Assert.Throws<ArgumentException>(() => services.AddHttpClient("a:b").AddSpiffeFromConfiguration());
    }

    [Fact]
    public async Task Two_modes_for_one_client_are_one_too_many()
    {
        using var host = await HostAsync(services => services.AddHttpClient("orders").AddSpiffeMtls(Expected).AddSpiffeMtlsToWeb());
        var error = Assert.Throws<InvalidOperationException>(() => host.Services.GetRequiredService<IHttpClientFactory>().CreateClient("orders"));
        Assert.Equal("The HTTP client 'orders' has AddSpiffeMtls and AddSpiffeMtlsToWeb, but a client has one TLS mode. Keep one of them.", error.Message);
    }

    [Fact]
    public async Task A_mode_of_one_client_wins_over_that_of_all()
    {
        var server = await StartOptionalAsync();
        using var host = await HostAsync(services =>
        {
            services.ConfigureHttpClientDefaults(defaults => defaults.AddSpiffeTls(Expected));
            services.AddHttpClient("orders").AddSpiffeMtls(Expected);
            services.AddHttpClient("public");
        });
        using var orders = ClientOf(host, server);
        using var others = ClientOf(host, server, "public");
        Assert.Equal(("spiffe://example.org/client", "nobody"), (await GetAsync(orders), await GetAsync(others)));
    }

    private static HttpClient ClientOf(IHost host, WebApplication server, string name = "orders")
    {
        var client = host.Services.GetRequiredService<IHttpClientFactory>().CreateClient(name);
        client.BaseAddress = AddressOf(server);
        return client;
    }

    private Task<WebApplication> StartOptionalAsync()
    {
        var builder = Builder(("Kestrel:Endpoints:E:Url", "https://127.0.0.1:0"), ("Spiffe:Endpoints:E:Mode", "OptionalClientCertificate"));
        builder.WebHost.UseSpiffeMtls();
        return StartAsync(builder);
    }

    /// <summary>Starts a server that is also a client; only there is all of the section checked again when it changes.</summary>
    private Task<WebApplication> StartAsync(string settings)
    {
        var builder = settings.Length == 0 ? ServerBuilder() : ServerBuilder(("memory", settings));
        builder.WebHost.UseSpiffeMtls();
        builder.Services.AddHttpClient("orders").AddSpiffeFromConfiguration();
        return StartAsync(builder);
    }

    private Task<IHost> HostAsync(params (string Key, string? Value)[] settings) => HostAsync(services => services.AddHttpClient("orders").AddSpiffeFromConfiguration(), settings);

    private async Task<IHost> HostAsync(Action<IServiceCollection> configure, params (string Key, string? Value)[] settings)
    {
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Configuration.AddInMemoryCollection(settings.Select(setting => KeyValuePair.Create(setting.Key, setting.Value)));
        builder.Configuration["Spiffe:EndpointSocket"] ??= Agent.AddressOf("client");
        builder.Logging.AddProvider(Logs);
        configure(builder.Services);
        var host = builder.Build();
        await host.StartAsync(Timeout);
        return host;
    }
}
