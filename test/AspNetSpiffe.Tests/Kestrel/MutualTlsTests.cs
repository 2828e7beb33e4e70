using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace AspNetSpiffe.Tests.Kestrel;

public sealed class MutualTlsTests(ITestOutputHelper output) : MeshTest(output)
{
    [Theory]
    [InlineData("1.1")]
    [InlineData("2.0")]
    public async Task Two_services_of_a_trust_domain_know_each_other(string version)
    {
        var server = await StartServerAsync();
        using var client = await ClientAsync(server);
        Assert.Equal("spiffe://example.org/client", await GetAsync(client, version));
    }

    [Fact]
    public async Task The_server_sends_its_intermediate()
    {
        var server = await StartServerAsync();
        var (_, intermediates) = await HandshakeAsync(server, await SvidAsync("client"), SslProtocols.Tls13);
        Assert.Equal(X509CertificateLoader.LoadCertificate(intermediates.Single().RawData).Subject, server.Services.GetRequiredService<X509Source>().Current!.DefaultSvid.Intermediates.Single().Subject);
    }

    [Theory, Trait("Spec", "XV-p")]
    [InlineData(SslProtocols.Tls12)]
    [InlineData(SslProtocols.Tls13)]
    public async Task A_peer_with_an_intermediate_succeeds_on_every_connection(SslProtocols protocol)
    {
        var server = await StartServerAsync();
        var svid = await SvidAsync("client");
        for (var i = 0; i < 5; i++)
        {
            var (answer, _) = await HandshakeAsync(server, svid, protocol);
            Assert.StartsWith("HTTP/1.1 200", answer, StringComparison.Ordinal);
        }
    }

    [Theory, Trait("Spec", "XV-a")]
    [InlineData("1.1")]
    [InlineData("2.0")]
    public async Task A_client_without_certificate_is_refused(string version)
    {
        var server = await StartServerAsync();
        using var client = Client(AddressOf(server), AnyServer(null));
        await AssertRefusedAsync(client, RejectionReason.NoCertificate, version: version);
    }

    [Theory, Trait("Spec", "XV-h")]
    [InlineData("1.1")]
    [InlineData("2.0")]
    public async Task A_client_of_a_stranger_is_refused_and_the_log_says_who_and_from_where(string version)
    {
        var stranger = await StartAgentAsync("elsewhere", "client");
        stranger.AddFederatedBundle(Agent);
        var server = await StartServerAsync();
        using var client = await ClientAsync(server, agent: stranger);

        await AssertRefusedAsync(client, RejectionReason.UnknownTrustDomain, "spiffe://elsewhere/client", version);
        var refusal = await WaitForAsync("PeerRefused", Timeout);
        Assert.Equal(LogLevel.Information, refusal.Level);
        Assert.StartsWith("127.0.0.1:", (string)refusal.Values["Remote"]!, StringComparison.Ordinal);
        Assert.Contains("intermediate", (string)refusal.Values["Issuer"]!, StringComparison.Ordinal);
        Assert.Contains("example.org", refusal.Message, StringComparison.Ordinal);
    }

    [Fact, Trait("Spec", "XV-h")]
    public async Task A_stranger_who_claims_our_name_is_refused()
    {
        var forged = await StartAgentAsync("example.org", "client");
        var server = await StartServerAsync();
        var svid = (await SourceAsync("client", forged)).Current!.DefaultSvid;
        using var client = Client(AddressOf(server), AnyServer(svid));
        await AssertRefusedAsync(client, RejectionReason.NotTrusted, "spiffe://example.org/client");
    }

    [Fact]
    public async Task Refusals_of_one_kind_are_told_once_a_minute_and_counted_each_time()
    {
        var server = await StartServerAsync();
        using var client = Client(AddressOf(server), AnyServer(null));
        await Assert.ThrowsAsync<HttpRequestException>(() => GetAsync(client, "2.0"));
        await Assert.ThrowsAsync<HttpRequestException>(() => GetAsync(client, "2.0"));

        await WaitForAsync("PeerRefused", Timeout, times: 2);
        Assert.Single(Logs.All, r => r.Event.Name == "PeerRefused" && r.Level == LogLevel.Information);
    }

    [Fact, Trait("Spec", "XV-q")]
    public async Task A_member_that_is_not_allowed_is_refused_at_the_handshake()
    {
        var server = await StartServerAsync(options => options.AllowedPeers = ["spiffe://example.org/admin"]);
        using var admin = await ClientAsync(server, "admin");
        Assert.Equal("spiffe://example.org/admin", await GetAsync(admin));

        using var client = await ClientAsync(server);
        await AssertRefusedAsync(client, RejectionReason.NotAllowed, "spiffe://example.org/client");
    }

    [Fact]
    public async Task A_federated_peer_is_no_member_until_it_is_allowed()
    {
        var partner = await StartAgentAsync("partner", "client");
        partner.AddFederatedBundle(Agent);
        Agent.AddFederatedBundle(partner);

        var closed = await StartServerAsync();
        using var refused = await ClientAsync(closed, agent: partner);
        await AssertRefusedAsync(refused, RejectionReason.NotAllowed, "spiffe://partner/client");

        var open = await StartServerAsync(options => options.AllowedPeers = ["spiffe://example.org/**,spiffe://partner/client"]);
        using var admitted = await ClientAsync(open, agent: partner);
        Assert.Equal("spiffe://partner/client", await GetAsync(admitted));
    }

    [Theory]
    [InlineData("1.1")]
    [InlineData("2.0")]
    public async Task A_client_does_not_talk_to_another_server_than_it_means(string version)
    {
        var called = false;
        var server = await StartServerAsync(map: app => app.Use((HttpContext _, RequestDelegate next) => { called = true; return Task.CompletedTask; }));
        using var client = await ClientAsync(server, expected: "spiffe://example.org/database");

        var refusal = await Assert.ThrowsAsync<SpiffePeerRejectedException>(() => GetAsync(client, version));
        Assert.Equal(RejectionReason.NotAllowed, refusal.Reason);
        Assert.Equal(Expected, refusal.Id?.ToString());
        Assert.Equal("spiffe://example.org/database", refusal.Expected.ToString());
        Assert.False(called);
    }

    [Fact]
    public async Task A_client_refuses_a_server_of_an_unknown_trust_domain()
    {
        var stranger = await StartAgentAsync("elsewhere", "client");
        Agent.AddFederatedBundle(stranger);
        var server = await StartServerAsync();
        using var client = await ClientAsync(server, agent: stranger, expected: "spiffe:any");

        var refusal = await Assert.ThrowsAsync<SpiffePeerRejectedException>(() => GetAsync(client));
        Assert.Equal(RejectionReason.UnknownTrustDomain, refusal.Reason);
    }

    [Theory]
    [InlineData("1.1")]
    [InlineData("2.0")]
    public async Task Renewed_SVIDs_are_presented_from_the_next_handshake_on(string version)
    {
        var server = await StartServerAsync(map: app => app.MapGet("/serial", (HttpContext http) => http.Connection.ClientCertificate!.SerialNumber));
        var source = await SourceAsync("client");
        using var client = Client(AddressOf(server), SpiffeHttpHandler.Create(source, SpiffeIdPattern.Parse(Expected)));

        for (var i = 0; i < 3; i++)
        {
            var serial = await GetAsync(client, version, "/serial");
            Assert.Equal(source.Current!.DefaultSvid.Leaf.SerialNumber, serial);
            await RotateAsync("client", source);
            Assert.NotEqual(serial, await GetAsync(client, version, "/serial"));
        }
    }

    [Fact]
    public async Task A_client_speaks_https_only()
    {
        using var client = Client(new Uri("http://127.0.0.1:1"), SpiffeHttpHandler.Create(await SourceAsync("client"), SpiffeIdPattern.Any));
        var error = await Assert.ThrowsAsync<HttpRequestException>(() => client.GetAsync("/", Timeout));
        Assert.Contains("https (and wss) only", error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task TLS_that_is_not_ours_is_refused_by_the_handler()
    {
        SocketsHttpHandler? inner = null;
        using var handler = SpiffeHttpHandler.Create(await SourceAsync("client"), SpiffeIdPattern.Any, h =>
        {
            Assert.False(h.UseProxy);
            inner = h;
        });
        Assert.False(inner!.SslOptions.RemoteCertificateValidationCallback!(this, null, null, SslPolicyErrors.None));
    }

    private async Task<X509Svid> SvidAsync(string workload) => (await SourceAsync(workload)).Current!.DefaultSvid;

    private async Task<(string Answer, X509Certificate2[] Intermediates)> HandshakeAsync(WebApplication server, X509Svid svid, SslProtocols protocol)
    {
        X509Certificate2[] sent = [];
        var address = AddressOf(server);
        using var socket = new TcpClient();
        await socket.ConnectAsync(address.Host, address.Port, Timeout);
        await using var tls = new SslStream(socket.GetStream());
        await tls.AuthenticateAsClientAsync(
            new SslClientAuthenticationOptions
            {
                // A name, so that the framework would resume if it could.
                TargetHost = "server.test",
                EnabledSslProtocols = protocol,
                ClientCertificateContext = SslStreamCertificateContext.Create(svid.Leaf, [.. svid.Intermediates], offline: true),
                RemoteCertificateValidationCallback = (_, leaf, chain, _) =>
                {
                    sent = [.. chain!.ChainPolicy.ExtraStore.Where(c => !c.RawData.AsSpan().SequenceEqual(((X509Certificate2)leaf!).RawData)).Select(c => X509CertificateLoader.LoadCertificate(c.RawData))];
                    return true;
                },
            },
            Timeout);
        await tls.WriteAsync("GET / HTTP/1.1\r\nHost: server.test\r\nConnection: close\r\n\r\n"u8.ToArray(), Timeout);
        return (await new StreamReader(tls).ReadToEndAsync(Timeout), sent);
    }
}
