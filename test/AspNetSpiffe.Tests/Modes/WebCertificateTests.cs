using System.Net;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Https;

namespace AspNetSpiffe.Tests.Modes;

/// <summary>The mode WebCertificate: the certificate of Kestrel's own settings is shown, and clients are verified as with mutual TLS.</summary>
public sealed class WebCertificateTests : ModeTest
{
    private static readonly Dictionary<string, Action<WebCertificateTests, WebApplicationBuilder>> Settings = new()
    {
        ["the default of the configuration"] = (t, builder) => t.Name(builder, "Kestrel:Certificates:Default"),
        ["the endpoint's in the configuration"] = (t, builder) => t.Name(builder, "Kestrel:Endpoints:E:Certificate"),
        ["a name of the section Sni"] = (t, builder) => t.Name(builder, "Kestrel:Endpoints:E:Sni:localhost:Certificate"),
        ["a selector for the endpoint of the configuration"] = (t, builder) =>
            builder.WebHost.ConfigureKestrel(kestrel => kestrel.ConfigurationLoader!.Endpoint("E", endpoint => endpoint.HttpsOptions.ServerCertificateSelector = (_, _) => t._certificate)),
        ["a certificate in code"] = (t, builder) => t.Listen(builder, https => https.ServerCertificate = t._certificate),
        ["a selector in code"] = (t, builder) => t.Listen(builder, https => https.ServerCertificateSelector = (_, _) => t._certificate),
        ["the default for an endpoint in code"] = (t, builder) =>
        {
            t.Name(builder, "Kestrel:Certificates:Default");
            t.Listen(builder, null);
        },
    };

    private readonly string _folder = Directory.CreateTempSubdirectory("spiffe-web-").FullName;
    private readonly X509Certificate2 _certificate;

    public WebCertificateTests(ITestOutputHelper output) : base(output) => _certificate = WebCertificate();

    public static TheoryData<string, string> Places
    {
        get
        {
            var data = new TheoryData<string, string>();
            foreach (var place in Settings.Keys)
                foreach (var version in new[] { "1.1", "2.0" })
                    data.Add(place, version);

            return data;
        }
    }

    protected override async ValueTask StopAsync()
    {
        await base.StopAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Theory, MemberData(nameof(Places))]
    public async Task The_web_certificate_is_shown_and_the_clients_SVID_is_verified(string place, string version)
    {
        var server = await StartAsync(place);
        var svid = await SvidAsync();
        var (shown, asked) = await ShakeHandsAsync(server, svid);
        Assert.Equal((_certificate.Thumbprint, true), (shown.Thumbprint, asked));

        using var client = ForeignClient(server, svid, version);
        Assert.Equal(ClientId, await GetAsync(client, version));
        Assert.Equal("caller /client, peer /client, token -, user /client", await GetAsync(client, version, "/guarded"));
    }

    [Theory, MemberData(nameof(Places))]
    public async Task A_stranger_does_not_finish_the_handshake(string place, string version)
    {
        var server = await StartAsync(place);
        var stranger = await StartAgentAsync("elsewhere", "client");
        await AssertNoConnectionAsync(server, await SvidAsync(agent: stranger), RejectionReason.UnknownTrustDomain, version);
    }

    [Theory, MemberData(nameof(Places))]
    public async Task A_client_without_a_certificate_does_not_finish_the_handshake(string place, string version) =>
        await AssertNoConnectionAsync(await StartAsync(place), null, RejectionReason.NoCertificate, version);

    [Fact]
    public async Task A_client_that_expects_a_SPIFFE_ID_refuses_the_server()
    {
        var server = await StartAsync("a certificate in code");
        using var client = Client(NamedAddressOf(server), SpiffeHttpHandler.Create(await SourceAsync("client"), SpiffeIdPattern.Any));
        Assert.Equal(RejectionReason.NotOneUriSan, (await Assert.ThrowsAsync<SpiffePeerRejectedException>(() => GetAsync(client))).Reason);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Beside_it_another_endpoint_shows_our_SVID(bool inCode)
    {
        var server = await StartAsync(inCode ? "the default for an endpoint in code" : "the default of the configuration", builder => builder.Configuration["Kestrel:Endpoints:Mesh:Url"] = "https://127.0.0.1:0");
        using var client = new HttpClient(SpiffeHttpHandler.Create(await SourceAsync("client"), SpiffeIdPattern.Parse(Expected)));
        var answers = new List<string>();
        foreach (var url in server.Urls)
        {
            try
            {
                answers.Add(await client.GetStringAsync(new Uri(url), Timeout));
            }
            catch (AuthenticationException e)
            {
                answers.Add(e.GetType().Name);
            }
        }

        Assert.Equal([ClientId, nameof(SpiffePeerRejectedException)], answers.Order(StringComparer.OrdinalIgnoreCase));
    }

    [Fact]
    public async Task Without_a_certificate_the_start_fails_and_says_what_to_do()
    {
        AllowWarning("HostedServiceStartupFaulted");
        AllowWarning("");
        var builder = Builder();
        builder.WebHost.UseSpiffeMtls();
        Listen(builder, null);
        var error = await Assert.ThrowsAsync<InvalidOperationException>(() => StartAsync(builder));
        Assert.Contains("has the mode WebCertificate, but no certificate", error.Message, StringComparison.Ordinal);
    }

    private Task<WebApplication> StartAsync(string place, Action<WebApplicationBuilder>? configure = null)
    {
        var inCode = place.EndsWith("code", StringComparison.Ordinal);
        return StartAsync(SpiffeServerMode.WebCertificate, inCode ? "elsewhere" : "configuration", builder =>
        {
            Settings[place](this, builder);
            configure?.Invoke(builder);
        });
    }

    private void Listen(WebApplicationBuilder builder, Action<HttpsConnectionAdapterOptions>? configure) =>
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen => listen.UseSpiffe(SpiffeServerMode.WebCertificate, configure)));

    private void Name(WebApplicationBuilder builder, string key)
    {
        File.WriteAllText(Path.Combine(_folder, "web.pem"), _certificate.ExportCertificatePem());
        File.WriteAllText(Path.Combine(_folder, "web.key"), _certificate.GetECDsaPrivateKey()!.ExportPkcs8PrivateKeyPem());
        builder.Configuration[$"{key}:Path"] = Path.Combine(_folder, "web.pem");
        builder.Configuration[$"{key}:KeyPath"] = Path.Combine(_folder, "web.key");
    }
}
