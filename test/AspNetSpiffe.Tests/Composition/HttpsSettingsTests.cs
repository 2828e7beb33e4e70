using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace AspNetSpiffe.Tests.Composition;

/// <summary>What an application sets for https beside the certificates stays in force, in whatever order it is said; what contradicts mutual TLS fails the start.</summary>
public sealed class HttpsSettingsTests(ITestOutputHelper output) : MeshTest(output)
{
    private int _asked;

    public static TheoryData<string, bool> Orders => new()
    {
        { "urls", true },
        { "urls", false },
        { "Kestrel:Endpoints:E:Url", true },
        { "Kestrel:Endpoints:E:Url", false },
        { "Kestrel:Endpoints:E:Url and SNI", true },
        { "Kestrel:Endpoints:E:Url and SNI", false },
        { "Listen", true },
        { "Listen", false },
        { "Listen with options", false },
        { "Listen and Kestrel:Endpoints:E:Url and SNI", false },
        { "loader.Endpoint", false },
    };

    [Theory, Trait("Trial", "K-01"), Trait("Trial", "K-02"), Trait("Spec", "XV-ac")]
    [MemberData(nameof(Orders))]
    public async Task Protocols_and_OnAuthenticate_of_the_application_stay_in_force(string endpoint, bool before)
    {
        var builder = BuilderOf(endpoint);
        if (before) ConfigureApplication();
        builder.WebHost.UseSpiffeMtls();
        if (!before) ConfigureApplication();
        var server = await StartAsync(builder);

        foreach (var address in server.Urls.Select(url => new Uri(url)))
        {
            _asked = 0;
            await AssertMutualAsync(address);
            Assert.True(_asked > 0, "OnAuthenticate was not called.");
            await Assert.ThrowsAsync<AuthenticationException>(() => HandshakeAsync(address, SslProtocols.Tls12));
        }

        void ConfigureApplication() => builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.ConfigureHttpsDefaults(Set);
            if (endpoint is "Listen" or "Listen and Kestrel:Endpoints:E:Url and SNI") Listen(kestrel, _ => { });
            if (endpoint is "Listen with options") Listen(kestrel, Set);
            if (endpoint is "loader.Endpoint") kestrel.ConfigurationLoader!.Endpoint(IPAddress.Loopback, 0, listen => listen.UseHttps());
        });
    }

    [Fact, Trait("Trial", "K-01")]
    public async Task The_handshake_timeout_of_the_application_stays_in_force()
    {
        var builder = BuilderOf("urls");
        builder.WebHost.UseSpiffeMtls();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.ConfigureHttpsDefaults(https => https.HandshakeTimeout = TimeSpan.FromMilliseconds(100)));
        var server = await StartAsync(builder);

        // Ten seconds by default; the test's own patience is 30.
        using var silent = new TcpClient();
        await silent.ConnectAsync(IPAddress.Loopback, AddressOf(server).Port, Timeout);
        Assert.Equal(0, await silent.GetStream().ReadAsync(new byte[1], Timeout));
        await WaitForAsync("AuthenticationTimedOut", Timeout);
    }

    [Fact, Trait("Trial", "K-01")]
    public async Task OnAuthenticate_of_the_application_cannot_weaken_the_handshake()
    {
        SslServerAuthenticationOptions? last = null;
        var builder = BuilderOf("urls");
        builder.WebHost.UseSpiffeMtls();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.ConfigureHttpsDefaults(https => https.OnAuthenticate = (_, options) =>
        {
            options.ServerCertificateContext = SslStreamCertificateContext.Create(Certificate(), null);
            options.ClientCertificateRequired = true;
            options.RemoteCertificateValidationCallback = null;
            options.CertificateChainPolicy = null;
            options.AllowTlsResume = true;
#pragma warning disable SYSLIB0040 // What an application should not do.
            options.EncryptionPolicy = EncryptionPolicy.AllowNoEncryption;
#pragma warning restore SYSLIB0040
            last = options;
        }));
        await AssertMutualAsync(AddressOf(await StartAsync(builder)));
        Assert.Equal(EncryptionPolicy.RequireEncryption, last!.EncryptionPolicy);
    }

    [Fact, Trait("Trial", "K-02")]
    public async Task OnAuthenticate_that_code_calls_or_removes_is_called_all_the_same()
    {
        var builder = Builder();
        builder.WebHost.UseSpiffeMtls();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            Listen(kestrel, https => https.OnAuthenticate = null);
            kestrel.Listen(IPAddress.Loopback, 0, listen => listen.UseHttps(new HttpsConnectionAdapterOptions()));
        });
        var server = await StartAsync(builder);
        Assert.Equal(2, server.Urls.Count);
        foreach (var url in server.Urls) await AssertMutualAsync(new(url));
    }

    public static TheoryData<string, string> Conflicts => new()
    {
        { "ServerCertificate", "defaults" },
        { "ServerCertificate", "Listen" },
        { "ServerCertificateSelector", "defaults" },
        { "ServerCertificateSelector", "Listen" },
        { "ServerCertificateChain", "defaults" },
        { "ClientCertificateMode = AllowCertificate", "defaults" },
        { "ClientCertificateMode = AllowCertificate", "Listen" },
        { "ClientCertificateMode = DelayCertificate", "defaults" },
        { "ClientCertificateMode = DelayCertificate", "Listen" },
        { "ClientCertificateValidation", "defaults" },
        { "ClientCertificateValidation", "Listen" },
        { "CheckCertificateRevocation", "defaults" },
        { "ServerCertificate", "UseHttps(certificate)" },
        { "ServerCertificate", "UseHttps(options)" },
        { "TlsHandshakeCallbackOptions", "UseHttps(callback)" },
        { "TlsHandshakeCallbackOptions", "ConfigureEndpointDefaults" },
        { "TlsHandshakeCallbackOptions", "loader.Endpoint(name)" },
        { "ServerCertificateSelector", "loader.Endpoint(name)" },
    };

    [Theory, Trait("Trial", "K-01"), Trait("Trial", "K-02"), Trait("Spec", "XV-ac")]
    [MemberData(nameof(Conflicts))]
    public async Task Settings_that_contradict_mutual_TLS_fail_the_start_and_are_named(string setting, string place)
    {
        foreach (var before in new[] { true, false })
        {
            var builder = BuilderOf(place is "defaults" or "ConfigureEndpointDefaults" ? "urls" : place.StartsWith("loader", StringComparison.Ordinal) ? "Kestrel:Endpoints:E:Url" : "");
            if (!before) builder.WebHost.UseSpiffeMtls();
            builder.WebHost.ConfigureKestrel(kestrel => Contradict(kestrel, setting, place));
            if (before) builder.WebHost.UseSpiffeMtls();
            await AssertFailsAsync(builder, setting, "Remove");
        }
    }

    [Theory, Trait("Trial", "K-01")]
    [InlineData("Kestrel:Endpoints:E:Certificate:Path", "server.pfx")]
    [InlineData("Kestrel:Endpoints:E:Sni:a.test:Certificate:Path", "server.pfx")]
    [InlineData("Kestrel:Endpoints:E:Certificate:Subject", "localhost")]
    [InlineData("Kestrel:Certificates:Default:Path", "server.pfx")]
    public async Task A_certificate_in_the_configuration_fails_the_start(string key, string value)
    {
        var builder = Builder(("Kestrel:Endpoints:E:Url", "https://127.0.0.1:0"), (key, value));
        builder.WebHost.UseSpiffeMtls();
        await AssertFailsAsync(builder, key[..key.LastIndexOf(':')], "Remove the key");
    }

    [Fact, Trait("Trial", "K-01")]
    public async Task Whoever_replaces_it_afterwards_fails_the_start()
    {
        var builder = BuilderOf("urls");
        builder.WebHost.UseSpiffeMtls();
        builder.Services.PostConfigure<KestrelServerOptions>(kestrel => kestrel.ConfigureHttpsDefaults(https => https.ServerCertificate = Certificate()));
        await AssertFailsAsync(builder, "PostConfigure<KestrelServerOptions>");
    }

    [Fact, Trait("Trial", "K-01")]
    public async Task Whoever_other_code_lets_in_unverified_is_refused_by_the_gate_before_the_application()
    {
        HttpsConnectionAdapterOptions? ofEndpoint = null;
        var builder = Builder();
        builder.WebHost.ConfigureKestrel(kestrel => Listen(kestrel, https => ofEndpoint = https));
        builder.WebHost.UseSpiffeMtls();
        var server = await StartAsync(builder);
        var ours = ofEndpoint!.OnAuthenticate!;
        ofEndpoint.OnAuthenticate = (connection, options) =>
        {
            ours(connection, options);
            options.RemoteCertificateValidationCallback = (_, _, _, _) => true;
        };

        using var client = Client(AddressOf(server), AnyServer());
        using var response = await client.GetAsync("/", Timeout);
        Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
    }

    [Theory, Trait("Trial", "K-01")]
    [InlineData("OnAuthenticate")]
    [InlineData("ServerCertificateSelector")]
    [InlineData("ClientCertificateMode")]
    [InlineData("ClientCertificateValidation")]
    public async Task Whoever_replaces_a_setting_of_an_endpoint_afterwards_fails_the_start(string setting)
    {
        HttpsConnectionAdapterOptions? ofEndpoint = null;
        var builder = Builder();
        builder.WebHost.ConfigureKestrel(kestrel => Listen(kestrel, https => ofEndpoint = https));
        builder.WebHost.UseSpiffeMtls();
        builder.Services.PostConfigure<KestrelServerOptions>(_ => Undo(ofEndpoint!, setting));
        await AssertFailsAsync(builder, "PostConfigure<KestrelServerOptions>");
    }

    [Fact, Trait("Trial", "K-02")]
    public async Task An_endpoint_with_UseSpiffe_is_no_conflict()
    {
        var builder = Builder();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen => listen.UseSpiffe()));
        builder.WebHost.UseSpiffeMtls();
        var server = await StartAsync(builder);
        await AssertMutualAsync(new UriBuilder(Assert.Single(server.Urls)) { Scheme = "https" }.Uri);
    }

    // The second UseHttps() is the one that Kestrel remembers, and the first the one that serves.
    [Fact, Trait("Trial", "K-02")]
    public async Task An_endpoint_that_escapes_refuses_everybody_and_the_log_says_so()
    {
        ExpectWarning("EndpointWithoutSpiffe");
        var builder = Builder();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen =>
        {
            var first = new HttpsConnectionAdapterOptions { ServerCertificate = Certificate() };
            listen.UseHttps(first).UseHttps();
        }));
        builder.WebHost.UseSpiffeMtls();
        var server = await StartAsync(builder);
        using var client = Client(new(Assert.Single(server.Urls)), AnyServer());
        using var response = await client.GetAsync("/", Timeout);
        Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
        await WaitForAsync("EndpointWithoutSpiffe", Timeout);
    }

    private static X509Certificate2 Certificate()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var now = TimeProvider.System.GetUtcNow();
        return new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256).CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
    }

    private static void Undo(HttpsConnectionAdapterOptions https, string setting)
    {
        switch (setting)
        {
            case "OnAuthenticate": https.OnAuthenticate = null; break;
            case "ServerCertificateSelector": https.ServerCertificateSelector = null; break;
            case "ClientCertificateMode": https.ClientCertificateMode = ClientCertificateMode.AllowCertificate; break;
            case "ClientCertificateValidation": https.ClientCertificateValidation = null; break;
        }
    }

    private static void Listen(KestrelServerOptions kestrel, Action<HttpsConnectionAdapterOptions> configure) =>
        kestrel.Listen(IPAddress.Loopback, 0, listen => listen.UseHttps(configure));

    private static void Contradict(KestrelServerOptions kestrel, string setting, string place)
    {
        var callback = new TlsHandshakeCallbackOptions { OnConnection = _ => ValueTask.FromResult(new SslServerAuthenticationOptions { ServerCertificate = Certificate() }) };
        switch (place)
        {
            case "defaults": kestrel.ConfigureHttpsDefaults(https => Set(https, setting)); break;
            case "Listen": Listen(kestrel, https => Set(https, setting)); break;
            case "UseHttps(certificate)": kestrel.Listen(IPAddress.Loopback, 0, listen => listen.UseHttps(Certificate())); break;
            case "UseHttps(options)": kestrel.Listen(IPAddress.Loopback, 0, listen => listen.UseHttps(new HttpsConnectionAdapterOptions { ServerCertificate = Certificate() })); break;
            case "UseHttps(callback)": kestrel.Listen(IPAddress.Loopback, 0, listen => listen.UseHttps(callback)); break;
            case "ConfigureEndpointDefaults": kestrel.ConfigureEndpointDefaults(listen => listen.UseHttps(callback)); break;
            default:
                kestrel.ConfigurationLoader!.Endpoint("E", endpoint =>
                {
                    if (setting == "TlsHandshakeCallbackOptions") endpoint.ListenOptions.UseHttps(callback);
                    else Set(endpoint.HttpsOptions, setting);
                });
                break;
        }
    }

    private static void Set(HttpsConnectionAdapterOptions https, string setting)
    {
        switch (setting)
        {
            case "ServerCertificate": https.ServerCertificate = Certificate(); break;
            case "ServerCertificateSelector": https.ServerCertificateSelector = (_, _) => Certificate(); break;
            case "ServerCertificateChain": https.ServerCertificateChain = [Certificate()]; break;
            case "ClientCertificateMode = AllowCertificate": https.ClientCertificateMode = ClientCertificateMode.AllowCertificate; break;
            case "ClientCertificateMode = DelayCertificate": https.ClientCertificateMode = ClientCertificateMode.DelayCertificate; break;
            case "ClientCertificateValidation": https.ClientCertificateValidation = (_, _, _) => true; break;
            case "CheckCertificateRevocation": https.CheckCertificateRevocation = true; break;
        }
    }

    private void Set(HttpsConnectionAdapterOptions https)
    {
        https.SslProtocols = SslProtocols.Tls13;
        https.OnAuthenticate = (_, _) => Interlocked.Increment(ref _asked);
    }

    private WebApplicationBuilder BuilderOf(string endpoint)
    {
        var builder = endpoint == "urls" ? Builder(("urls", "https://127.0.0.1:0"))
            : endpoint.Contains("Kestrel:Endpoints:E:Url", StringComparison.Ordinal) ? Builder(("Kestrel:Endpoints:E:Url", "https://127.0.0.1:0"))
            : Builder();
        if (endpoint.EndsWith("SNI", StringComparison.Ordinal)) builder.Configuration["Kestrel:Endpoints:E:Sni:*:Protocols"] = "Http1AndHttp2";
        return builder;
    }

    private async Task AssertFailsAsync(WebApplicationBuilder builder, params string[] words)
    {
        AllowWarning("HostedServiceStartupFaulted");
        AllowWarning("");
        var error = await Assert.ThrowsAnyAsync<Exception>(() => StartAsync(builder));
        Assert.True(error is InvalidOperationException or OptionsValidationException, error.ToString());
        Assert.All(words, word => Assert.Contains(word, error.Message, StringComparison.Ordinal));
    }

    private async Task AssertMutualAsync(Uri address)
    {
        using var client = Client(address, SpiffeHttpHandler.Create(await SourceAsync("client"), SpiffeIdPattern.Parse(Expected)));
        Assert.Equal("spiffe://example.org/client", await GetAsync(client, "1.1"));
        Assert.Equal("spiffe://example.org/client", await GetAsync(client, "2.0"));

        using var nobody = Client(address, AnyServer());
        await Assert.ThrowsAsync<HttpRequestException>(() => GetAsync(nobody));
        await WaitForAsync("PeerRefused", Timeout);
    }

    private async Task HandshakeAsync(Uri address, SslProtocols protocols)
    {
        using var socket = new TcpClient();
        await socket.ConnectAsync(address.Host, address.Port, Timeout);
        await using var tls = new SslStream(socket.GetStream());
        var options = new SslClientAuthenticationOptions { TargetHost = "server.test", EnabledSslProtocols = protocols, RemoteCertificateValidationCallback = (_, _, _, _) => true };
        try
        {
            await tls.AuthenticateAsClientAsync(options, Timeout);
        }
        catch (IOException e)
        {
            throw new AuthenticationException(e.Message, e);
        }
    }
}
