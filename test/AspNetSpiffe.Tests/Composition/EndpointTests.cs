using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace AspNetSpiffe.Tests.Composition;

/// <summary>Mutual TLS stands on every https endpoint, however the application configured it.</summary>
public sealed class EndpointTests(ITestOutputHelper output) : MeshTest(output)
{
    public static TheoryData<string, string?> CertificateModes => new()
    {
        { "urls", null },
        { "Kestrel:Endpoints:E:Url", null },
        { "Kestrel:Endpoints:E:Url", "RequireCertificate" },
        { "Kestrel:Endpoints:E:Url", "NoCertificate" },
    };

    [Theory]
    [MemberData(nameof(CertificateModes))]
    public async Task An_endpoint_from_configuration_requires_an_SVID(string key, string? mode)
    {
        var builder = Builder((key, "https://127.0.0.1:0"));
        if (mode is not null) builder.Configuration["Kestrel:Endpoints:E:ClientCertificateMode"] = mode;
        builder.WebHost.UseSpiffeMtls();

        // Where the application asks for certificates itself, Kestrel refuses a missing one without asking us.
        await AssertMutualAsync(await StartAsync(builder), refusalIsLogged: mode != "RequireCertificate");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_endpoint_from_code_requires_an_SVID(bool before)
    {
        var builder = Builder();
        if (!before) builder.WebHost.UseSpiffeMtls();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(System.Net.IPAddress.Loopback, 0, listen => listen.UseHttps()));
        if (before) builder.WebHost.UseSpiffeMtls();
        await AssertMutualAsync(await StartAsync(builder));
    }

    [Fact]
    public async Task An_endpoint_with_SNI_requires_an_SVID()
    {
        var builder = Builder(("Kestrel:Endpoints:E:Url", "https://127.0.0.1:0"), ("Kestrel:Endpoints:E:Sni:*:Protocols", "Http1AndHttp2"));
        builder.WebHost.UseSpiffeMtls();
        await AssertMutualAsync(await StartAsync(builder));
    }

    [Fact]
    public async Task An_application_that_configures_https_defaults_afterwards_does_not_switch_it_off()
    {
        var builder = Builder(("urls", "https://127.0.0.1:0"));
        builder.WebHost.UseSpiffeMtls();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.ConfigureHttpsDefaults(https => https.ClientCertificateMode = ClientCertificateMode.NoCertificate));
        await AssertMutualAsync(await StartAsync(builder));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task One_endpoint_can_speak_SPIFFE_alone(bool slim)
    {
        var builder = slim ? WebApplication.CreateSlimBuilder() : Builder();
        builder.Configuration["Spiffe:EndpointSocket"] = Agent.AddressOf("server");
        builder.Logging.ClearProviders().AddProvider(Logs);
        builder.Services.AddSpiffeServer();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Listen(System.Net.IPAddress.Loopback, 0, listen => listen.UseSpiffe());
            kestrel.Listen(System.Net.IPAddress.Loopback, 0);
        });
        var server = await StartAsync(builder);

        // The server's list of addresses knows no scheme of UseSpiffe.
        var addresses = server.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Select(a => new Uri(a)).ToArray();
        await AssertMutualAsync(new UriBuilder(addresses[0]) { Scheme = "https" }.Uri);

        using var plain = Client(new UriBuilder(addresses[1]) { Scheme = "http" }.Uri, new SocketsHttpHandler());
        Assert.Equal("nobody", await GetAsync(plain));
    }

    [Fact]
    public async Task A_plain_endpoint_stays_plain_and_knows_nobody()
    {
        var builder = Builder(("urls", "https://127.0.0.1:0;http://127.0.0.1:0"));
        builder.WebHost.UseSpiffeMtls();
        var server = await StartAsync(builder);

        await AssertMutualAsync(server);
        using var plain = Client(AddressOf(server, "http"), new SocketsHttpHandler());
        Assert.Equal("nobody", await GetAsync(plain));
    }

    [Theory]
    [InlineData("Kestrel:Endpoints:E:ClientCertificateMode", "AllowCertificate")]
    [InlineData("Kestrel:Endpoints:E:ClientCertificateMode", "allowcertificate")]
    [InlineData("Kestrel:Endpoints:E:ClientCertificateMode", "DelayCertificate")]
    [InlineData("Kestrel:Endpoints:E:Sni:*:ClientCertificateMode", "AllowCertificate")]
    public async Task Configuration_that_would_let_clients_in_without_certificate_is_refused_at_start(string key, string mode)
    {
        var builder = Builder(("Kestrel:Endpoints:E:Url", "https://127.0.0.1:0"), (key, mode));
        builder.WebHost.UseSpiffeMtls();
        AllowWarning("HostedServiceStartupFaulted");
        AllowWarning("");

        var error = await Assert.ThrowsAsync<InvalidOperationException>(() => StartAsync(builder));
        Assert.Contains($"'{key}'", error.Message, StringComparison.Ordinal);
        Assert.Contains(mode, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void UseSpiffe_without_its_services_says_what_to_call()
    {
        var builder = Builder();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(System.Net.IPAddress.Loopback, 0, listen => listen.UseSpiffe()));
        var error = Assert.Throws<InvalidOperationException>(() => builder.Build().Services.GetRequiredService<IServer>());
        Assert.Contains("AddSpiffeServer()", error.Message, StringComparison.Ordinal);
    }

    private Task AssertMutualAsync(WebApplication server, bool refusalIsLogged = true) => AssertMutualAsync(AddressOf(server), refusalIsLogged);

    private async Task AssertMutualAsync(Uri address, bool refusalIsLogged = true)
    {
        using var client = Client(address, SpiffeHttpHandler.Create(await SourceAsync("client"), SpiffeIdPattern.Parse(Expected)));
        Assert.Equal("spiffe://example.org/client", await GetAsync(client, "1.1"));
        Assert.Equal("spiffe://example.org/client", await GetAsync(client, "2.0"));

        using var nobody = Client(address, AnyServer());
        if (refusalIsLogged) await AssertRefusedAsync(nobody, RejectionReason.NoCertificate);
        else await Assert.ThrowsAsync<HttpRequestException>(() => GetAsync(nobody));
    }
}
