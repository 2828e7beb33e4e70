using System.Net;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using AspNetSpiffe.TestKit;
using AspNetSpiffe.Tests.Clients;
using AspNetSpiffe.Tests.Handshakes;
using AspNetSpiffe.Tests.Kestrel;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;

namespace AspNetSpiffe.Tests.Modes;

/// <summary>Clients in the mode WebServer: our SVID is shown, and the server is verified by its name and nothing else.</summary>
public sealed class WebServerTests(ITestOutputHelper output) : ModeTest(output)
{
    public static TheoryData<string, bool> Paths
    {
        get
        {
            var data = new TheoryData<string, bool>();
            foreach (var version in new[] { "1.1", "2.0" })
                foreach (var throughProxy in new[] { false, true })
                    data.Add(version, throughProxy);

            return data;
        }
    }

    [Theory, MemberData(nameof(Paths))]
    public async Task The_server_sees_our_SVID_and_is_verified_by_its_name(string version, bool throughProxy)
    {
        var server = await StartWebAsync(WebCertificate());
        using var client = Client(NamedAddressOf(server), SpiffeHttpHandler.CreateMtlsToWeb(await SourceAsync("client"), Roots, Way(throughProxy)));
        Assert.Equal(ClientId, await GetAsync(client, version));
        Assert.Equal("caller /client, peer /client, token -, user /client", await GetAsync(client, version, "/guarded"));
    }

    [Theory, MemberData(nameof(Paths))]
    public async Task A_server_with_another_name_is_refused(string version, bool throughProxy)
    {
        var server = await StartWebAsync(WebCertificate("elsewhere.test"));
        await AssertServerRefusedAsync(server, Roots, "RemoteCertificateNameMismatch", version, throughProxy);
    }

    [Theory, MemberData(nameof(Paths))]
    public async Task A_server_that_an_unknown_root_vouches_for_is_refused(string version, bool throughProxy)
    {
        var server = await StartWebAsync(WebCertificate(by: new("web.test")));
        await AssertServerRefusedAsync(server, Roots, "PartialChain", version, throughProxy);
    }

    [Theory, MemberData(nameof(Paths))]
    public async Task Without_roots_of_our_own_those_of_the_system_decide_and_no_bundle_counts(string version, bool throughProxy)
    {
        await AssertServerRefusedAsync(await StartWebAsync(WebCertificate()), null, "PartialChain", version, throughProxy);
    }

    [Theory, MemberData(nameof(Paths))]
    public async Task An_SVID_is_no_web_certificate(string version, bool throughProxy)
    {
        var server = await StartAsync(SpiffeServerMode.Mutual, "configuration");
        await AssertServerRefusedAsync(server, [.. Agent.X509Authorities], "RemoteCertificateNameMismatch", version, throughProxy);
    }

    [Theory, MemberData(nameof(Paths))]
    public async Task A_certificate_that_is_not_for_servers_is_refused(string version, bool throughProxy)
    {
        var certificate = Web.Leaf(leaf => leaf with { Uris = [], DnsNames = ["localhost"], ExtendedKeyUsages = [CertificateSpec.ClientAuth] }).Leaf;
        await AssertServerRefusedAsync(await StartForeignAsync(certificate), Roots, "NotValidForUsage", version, throughProxy);
    }

    [Theory, MemberData(nameof(Paths))]
    public async Task A_renewed_SVID_is_shown_on_a_connection_of_its_own(string version, bool throughProxy)
    {
        var server = await StartWebAsync(WebCertificate());
        var source = await SourceAsync("client");
        using var client = Client(NamedAddressOf(server), SpiffeHttpHandler.CreateMtlsToWeb(source, Roots, Way(throughProxy)));
        for (var i = 0; i < 3; i++)
        {
            Assert.Equal(source.Current!.DefaultSvid.Leaf.SerialNumber, await GetAsync(client, version, "/certificate"));
            await RotateAsync("client", source);
        }
    }

    [Theory, MemberData(nameof(Paths))]
    public async Task A_server_that_refuses_our_SVID_is_named_with_what_it_may_have_refused(string version, bool throughProxy)
    {
        var server = await StartWebAsync(WebCertificate(), builder => builder.Configuration["Spiffe:AllowedPeers:0"] = "spiffe://example.org/admin");
        using var client = Client(NamedAddressOf(server), SpiffeHttpHandler.CreateMtlsToWeb(await SourceAsync("client"), Roots, Way(throughProxy)));
        var failure = await Assert.ThrowsAsync<HttpRequestException>(() => GetAsync(client, version));
        Assert.Contains($"It may have rejected our SVID '{ClientId}'", failure.Message, StringComparison.Ordinal);
        Assert.Equal(RejectionReason.NotAllowed, (await WaitForAsync("PeerRefused", Timeout)).Values["Reason"]);
    }

    [Theory, MemberData(nameof(Paths))]
    public async Task A_server_that_leaves_out_its_intermediate_is_refused_and_nothing_is_downloaded(string version, bool throughProxy)
    {
        var urls = Keep(new NamedUrls());
        var issuer = Web.Root.Intermediate();
        urls.Issuer = issuer.Certificate;
        var certificate = issuer.Leaf(leaf => urls.In(leaf with { Subject = "CN=localhost", Uris = [], DnsNames = ["localhost"] })).Leaf;
        await AssertServerRefusedAsync(await StartForeignAsync(certificate), Roots, "PartialChain", version, throughProxy);
        Assert.Empty(await urls.VisitsAsync(Timeout));
    }

    [Fact]
    public async Task The_name_may_be_set_for_all_connections()
    {
        var server = await StartWebAsync(WebCertificate("gateway.test"));
        var source = await SourceAsync("client");
        using var client = Client(NamedAddressOf(server), SpiffeHttpHandler.CreateMtlsToWeb(source, Roots, handler => handler.SslOptions.TargetHost = "gateway.test"));
        Assert.Equal(ClientId, await GetAsync(client));
    }

    [Fact]
    public async Task Without_an_SVID_nothing_is_sent()
    {
        await using var source = new X509Source(new() { EndpointSocket = Agent.AddressOf("client") }, Loggers, null, TimeProvider.System);
        var server = await StartWebAsync(WebCertificate());
        using var client = Client(NamedAddressOf(server), SpiffeHttpHandler.CreateMtlsToWeb(source, Roots));
        Assert.IsType<AuthenticationException>((await Assert.ThrowsAsync<HttpRequestException>(() => GetAsync(client))).InnerException);
    }

    [Fact]
    public async Task Settings_that_would_weaken_it_are_refused()
    {
        var source = await SourceAsync("client");
        Assert.Throws<ArgumentException>(() => SpiffeHttpHandler.CreateMtlsToWeb(source, []));
        Assert.Throws<ArgumentException>(() => new ServiceCollection().AddHttpClient("web").AddSpiffeMtlsToWeb([]));
        var error = Assert.Throws<InvalidOperationException>(() => SpiffeHttpHandler.CreateMtlsToWeb(source, null, handler => handler.SslOptions.RemoteCertificateValidationCallback = (_, _, _, _) => true));
        Assert.Contains("the server is verified by its host name and by the roots of this system", error.Message, StringComparison.Ordinal);
    }

    private static Action<SocketsHttpHandler>? None => null;

    private Action<SocketsHttpHandler>? Way(bool throughProxy) => throughProxy ? Keep(new ConnectProxy()).Use : None;

    private Task<WebApplication> StartWebAsync(X509Certificate2 certificate, Action<WebApplicationBuilder>? configure = null) => StartAsync(SpiffeServerMode.WebCertificate, "elsewhere", builder =>
    {
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen => listen.UseSpiffe(SpiffeServerMode.WebCertificate, https => https.ServerCertificate = certificate)));
        configure?.Invoke(builder);
    });

    /// <summary>Starts a server that knows nothing of SPIFFE, and sends this certificate alone.</summary>
    private Task<WebApplication> StartForeignAsync(X509Certificate2 certificate)
    {
        var tls = new TlsHandshakeCallbackOptions
        {
            OnConnection = _ =>
            {
                var options = new Presented(certificate).ToServerOptions();
                options.ApplicationProtocols = [SslApplicationProtocol.Http2, SslApplicationProtocol.Http11];
                return ValueTask.FromResult(options);
            },
        };
        var builder = Builder(("Spiffe:EndpointSocket", "unix:///nowhere"));
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen => listen.UseHttps(tls)));
        return StartAsync(builder);
    }

    private async Task AssertServerRefusedAsync(WebApplication server, X509Certificate2Collection? roots, string error, string version, bool throughProxy)
    {
        using var client = Client(NamedAddressOf(server), SpiffeHttpHandler.CreateMtlsToWeb(await SourceAsync("client"), roots, Way(throughProxy)));
        var failure = await Assert.ThrowsAsync<HttpRequestException>(() => GetAsync(client, version));
        Assert.IsType<AuthenticationException>(failure.InnerException);
        Assert.Contains(error, failure.InnerException.Message, StringComparison.Ordinal);
    }
}
