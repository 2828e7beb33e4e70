using System.Net;
using System.Net.Security;
using AspNetSpiffe.Tests.Composition;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace AspNetSpiffe.Tests.Modes;

/// <summary>A mode is honoured or refused at start, and nothing but a mode that is named leads to less than mutual TLS.</summary>
public sealed class ModeSettingsTests(ITestOutputHelper output) : SettingsTest(output)
{
    private const string Names = "Mutual, NoClientCertificate, OptionalClientCertificate, WebCertificate";

    [Fact]
    public void Mutual_TLS_is_the_mode_of_who_says_nothing() => Assert.Equal(SpiffeServerMode.Mutual, default);

    [Theory]
    [InlineData("")]
    [InlineData("Spiffe:Endpoints:E:Mode=Mutual")]
    [InlineData("Spiffe:Endpoints:E:Mode=mutual")]
    [InlineData("Kestrel:Endpoints:Other:Url=https://127.0.0.1:0 Spiffe:Endpoints:Other:Mode=NoClientCertificate")]
    [InlineData("Kestrel:EndpointDefaults:ClientCertificateMode=NoCertificate")]
    public async Task An_endpoint_without_a_mode_of_its_own_speaks_mutual_TLS(string settings)
    {
        var server = await StartWithAsync(settings);
        var url = new Uri(server.Urls.First());
        using var client = Client(url, AnyServer());
        await AssertRefusedAsync(client, RejectionReason.NoCertificate);
    }

    [Theory]
    [InlineData("""{"Spiffe":{"Endpoints":{"E":{"Mode":null}}}}""")]
    [InlineData("""{"Spiffe":{"Endpoints":{"E":{}}}}""")]
    [InlineData("""{"Spiffe":{"Endpoints":{}}}""")]
    public async Task A_section_that_says_nothing_leads_to_mutual_TLS(string json)
    {
        var builder = BuilderWith("");
        Add(builder.Configuration, "json", json);
        using var client = Client(AddressOf(await StartAsync(builder)), AnyServer());
        await AssertRefusedAsync(client, RejectionReason.NoCertificate);
    }

    [Theory]
    [InlineData("Spiffe:Endpoints:E:Mode=None", $"Spiffe:Endpoints:E:Mode: 'None' is none of {Names}.")]
    [InlineData("Spiffe:Endpoints:E:Mode=1", $"Spiffe:Endpoints:E:Mode: '1' is none of {Names}.")]
    [InlineData("Spiffe:Endpoints:E:Mode=Mutual,NoClientCertificate", $"Spiffe:Endpoints:E:Mode: 'Mutual,NoClientCertificate' is none of {Names}.")]
    [InlineData("Spiffe:Endpoints:E:Mode=", "Spiffe:Endpoints:E:Mode: is empty. Write a value, or remove the key.")]
    [InlineData("Spiffe:Endpoints:E:Mod=NoClientCertificate", "Spiffe:Endpoints:E:Mod: unknown key. Did you mean 'Spiffe:Endpoints:E:Mode'?")]
    [InlineData("Spiffe:Endpoints=NoClientCertificate", "Spiffe:Endpoints: is a section, but has the value 'NoClientCertificate'. Write the names of endpoints below it.")]
    [InlineData("Spiffe:Endpoints:E=NoClientCertificate", "Spiffe:Endpoints:E: is a section, but has the value 'NoClientCertificate'. Write its keys below it.")]
    public Task A_mode_that_is_none_is_a_mistake_by_its_key(string setting, string mistake) => AssertRefusedAsync(() => StartWithAsync(setting), mistake);

    [Theory]
    [InlineData("Spiffe:Endpoints:F:Mode=NoClientCertificate", "Spiffe:Endpoints:F: Kestrel's configuration has no endpoint of this name, so the mode would have no effect. It has 'E'.")]
    [InlineData("Spiffe:Endpoints:F:Mode=Mutual", "Spiffe:Endpoints:F: Kestrel's configuration has no endpoint of this name")]
    [InlineData("Kestrel:Endpoints:H:Url=http://127.0.0.1:0 Spiffe:Endpoints:H:Mode=NoClientCertificate", "Spiffe:Endpoints:H:Mode: cannot be applied, because the endpoint is not an https endpoint.")]
    [InlineData("Spiffe:Endpoints:E:Mode=NoClientCertificate Kestrel:Endpoints:E:ClientCertificateMode=AllowCertificate", "'Kestrel:Endpoints:E:ClientCertificateMode' is 'AllowCertificate'")]
    [InlineData("Spiffe:Endpoints:E:Mode=NoClientCertificate Kestrel:Endpoints:E:Sni:*:ClientCertificateMode=RequireCertificate", "'Kestrel:Endpoints:E:Sni:*:ClientCertificateMode' is 'RequireCertificate'")]
    [InlineData("Spiffe:Endpoints:E:Mode=OptionalClientCertificate Kestrel:Endpoints:E:ClientCertificateMode=RequireCertificate", "but the endpoint has the mode OptionalClientCertificate in 'Spiffe:Endpoints'")]
    [InlineData("Spiffe:Endpoints:E:Mode=OptionalClientCertificate Kestrel:Endpoints:E:ClientCertificateMode=DelayCertificate", "but the endpoint has the mode OptionalClientCertificate in 'Spiffe:Endpoints'")]
    [InlineData("Spiffe:Endpoints:E:Mode=WebCertificate Kestrel:Endpoints:E:ClientCertificateMode=AllowCertificate", "but the endpoint has the mode WebCertificate in 'Spiffe:Endpoints'")]
    [InlineData("Spiffe:Endpoints:E:Mode=OptionalClientCertificate Kestrel:EndpointDefaults:ClientCertificateMode=AllowCertificate", "'Kestrel:EndpointDefaults:ClientCertificateMode' is 'AllowCertificate'")]
    [InlineData("Spiffe:Endpoints:E:Mode=NoClientCertificate Kestrel:Endpoints:E:ClientCertificateMode=RequireCertificate", "but the endpoint has the mode NoClientCertificate in 'Spiffe:Endpoints'")]
    [InlineData("Spiffe:Endpoints:E:Mode=NoClientCertificate Kestrel:Endpoints:E:Certificate:Path=server.pem", "'Kestrel:Endpoints:E:Certificate' names a certificate")]
    [InlineData("Spiffe:Endpoints:E:Mode=OptionalClientCertificate Kestrel:Certificates:Default:Path=server.pem", "'Kestrel:Certificates:Default' names a certificate")]
    [InlineData("Spiffe:Endpoints:E:Mode=WebCertificate Kestrel:Endpoints:F:Url=https://127.0.0.1:0 Kestrel:Endpoints:F:Certificate:Path=server.pem", "'Kestrel:Endpoints:F:Certificate' names a certificate")]
    public async Task What_contradicts_a_mode_fails_the_start(string settings, string mistake)
    {
        AllowStartFailure();
        var error = await Assert.ThrowsAsync<InvalidOperationException>(() => StartWithAsync(settings));
        Assert.Contains(mistake, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(SpiffeServerMode.NoClientCertificate, "ServerCertificateSelector")]
    [InlineData(SpiffeServerMode.OptionalClientCertificate, "ClientCertificateValidation")]
    public async Task What_code_says_of_a_named_endpoint_and_contradicts_its_mode_fails_the_start(SpiffeServerMode mode, string setting)
    {
        AllowStartFailure();
        var builder = BuilderWith($"Spiffe:Endpoints:E:Mode={mode}");
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.ConfigurationLoader!.Endpoint("E", endpoint =>
        {
            if (setting == "ServerCertificateSelector") endpoint.HttpsOptions.ServerCertificateSelector = (_, _) => null;
            else endpoint.HttpsOptions.ClientCertificateValidation = (_, _, _) => true;
        }));
        var error = await Assert.ThrowsAsync<InvalidOperationException>(() => StartAsync(builder));
        Assert.Contains($"The endpoint 'E' has the mode {mode}, which cannot be combined with {setting}.", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_code_says_of_a_named_endpoint_beside_its_mode_stays_in_force()
    {
        var asked = 0;
        var builder = BuilderWith("Spiffe:Endpoints:E:Mode=OptionalClientCertificate");
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.ConfigureHttpsDefaults(https => https.OnAuthenticate = (_, _) => asked++);
            kestrel.ConfigurationLoader!.Endpoint("E", endpoint => endpoint.HttpsOptions.HandshakeTimeout = TimeSpan.FromSeconds(29));
        });
        var server = await StartAsync(builder);
        using var client = Client(AddressOf(server), AnyServer());
        Assert.Equal("nobody", await GetAsync(client));
        Assert.Equal(1, asked);
    }

    [Theory]
    [InlineData("Mutual", "NoClientCertificate")]
    [InlineData(null, "OptionalClientCertificate")]
    [InlineData("NoClientCertificate", "Mutual")]
    [InlineData("NoClientCertificate", null)]
    public async Task A_reload_changes_no_mode_and_the_log_says_so(string? before, string? after)
    {
        ExpectWarning("AllowedPeersRefused");
        var server = await StartWithAsync(before is null ? "" : $"Spiffe:Endpoints:E:Mode={before}");
        server.Configuration["Spiffe:Endpoints:E:Mode"] = after;
        Reload(server);
        var (was, now) = (before ?? "Mutual", after ?? "Mutual");
        Assert.Contains(
            $"Spiffe:Endpoints:E:Mode: was {was} at the start, and is {now} now. The change is applied after a restart.",
            (await WaitForAsync("AllowedPeersRefused", Timeout)).Message, StringComparison.Ordinal);

        // Also where Kestrel makes the endpoint anew.
        await RemakeEndpointAsync(server);
        await AssertModeAsync(() => AddressOf(server), was);
    }

    [Theory]
    [InlineData("NoClientCertificate")]
    [InlineData("OptionalClientCertificate")]
    public async Task An_endpoint_that_Kestrel_makes_anew_keeps_its_mode(string mode)
    {
        var server = await StartWithAsync($"Spiffe:Endpoints:E:Mode={mode}");
        await RemakeEndpointAsync(server);
        await AssertModeAsync(() => AddressOf(server), mode);
    }

    [Fact]
    public async Task An_endpoint_that_a_reload_adds_speaks_mutual_TLS()
    {
        var server = await StartWithAsync("Spiffe:Endpoints:E:Mode=NoClientCertificate");
        var before = AddressOf(server);
        server.Configuration["Kestrel:Endpoints:New:Url"] = "https://127.0.0.1:0";
        Reload(server);
        await WaitForRemadeAsync();
        while (server.Urls.All(url => new Uri(url) == before))
        {
            Timeout.ThrowIfCancellationRequested();
            await Task.Yield();
        }

        await AssertModeAsync(() => new(server.Urls.Single(url => new Uri(url) != before)), "Mutual");
    }

    [Fact]
    public void UseSpiffe_refuses_what_is_no_mode_and_settings_that_a_mode_has_no_use_for()
    {
        AssertThrows<ArgumentOutOfRangeException>((SpiffeServerMode)4, null);
        AssertThrows<ArgumentException>(SpiffeServerMode.Mutual, _ => { });
        AssertThrows<ArgumentException>(SpiffeServerMode.OptionalClientCertificate, _ => { });

        void AssertThrows<T>(SpiffeServerMode mode, Action<HttpsConnectionAdapterOptions>? configure) where T : Exception
        {
            var builder = Builder();
            builder.Services.AddSpiffeServer();
            builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen => listen.UseSpiffe(mode, configure)));
            Assert.Throws<T>(() => builder.Build().Services.GetRequiredService<IServer>());
        }
    }

    [Fact]
    public void SpiffeTls_refuses_what_is_no_mode()
    {
        using var source = new X509Source(new() { EndpointSocket = "unix:///nowhere" }, Loggers, null, TimeProvider.System);
        Assert.Throws<ArgumentOutOfRangeException>(() => new SpiffeTls(source, SpiffeIdPattern.Any).Configure(new SslServerAuthenticationOptions(), (SpiffeServerMode)4));
    }

    private static void Reload(WebApplication server) => ((IConfigurationRoot)server.Configuration).Reload();

    private async Task RemakeEndpointAsync(WebApplication server)
    {
        server.Configuration["Kestrel:Endpoints:E:Protocols"] = "Http1";
        Reload(server);
        await WaitForRemadeAsync();
    }

    private Task WaitForRemadeAsync() => Logs.WaitForAsync(record => record.Message.StartsWith("Config changed. Starting the following endpoints", StringComparison.Ordinal), Timeout);

    private async Task AssertModeAsync(Func<Uri> address, string mode)
    {
        using var client = new HttpClient(AnyServer((await SourceAsync("client")).Current!.DefaultSvid));
        using var nobody = new HttpClient(AnyServer());
        Assert.Equal(mode == "NoClientCertificate" ? "nobody" : "spiffe://example.org/client", await AnswerAsync(address, client));
        Assert.Equal(mode == "Mutual" ? "refused" : "nobody", await AnswerAsync(address, nobody));
    }

    // An endpoint that was made anew listens on another port a moment later.
    private async Task<string> AnswerAsync(Func<Uri> address, HttpClient client)
    {
        while (true)
        {
            try
            {
                return await client.GetStringAsync(address(), Timeout);
            }
            catch (HttpRequestException e) when (e.HttpRequestError == HttpRequestError.ConnectionError)
            {
                await Task.Yield();
            }
            catch (HttpRequestException)
            {
                return "refused";
            }
        }
    }

    private WebApplicationBuilder BuilderWith(string settings)
    {
        var builder = Builder(("Kestrel:Endpoints:E:Url", "https://127.0.0.1:0"));
        if (settings.Length > 0) Add(builder.Configuration, "memory", settings);
        builder.WebHost.UseSpiffeMtls();
        return builder;
    }

    private Task<WebApplication> StartWithAsync(string settings) => StartAsync(BuilderWith(settings));

    private void AllowStartFailure()
    {
        AllowWarning("HostedServiceStartupFaulted");
        AllowWarning("");
    }
}
