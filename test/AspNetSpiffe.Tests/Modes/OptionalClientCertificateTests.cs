using System.Net;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Configuration;

namespace AspNetSpiffe.Tests.Modes;

/// <summary>The mode OptionalClientCertificate: who shows nothing is nobody, and who shows something is verified as with mutual TLS.</summary>
public sealed class OptionalClientCertificateTests(ITestOutputHelper output) : ModeTest(output)
{
    [Theory, MemberData(nameof(Ways))]
    public async Task A_client_without_a_certificate_is_nobody(string way, string version)
    {
        var server = await StartAsync(SpiffeServerMode.OptionalClientCertificate, way);
        using var client = ForeignClient(server, null, version);
        Assert.Equal("nobody", await GetAsync(client, version));
        Assert.Equal("caller -, peer -, token -, user -", await GetAsync(client, version, "/who"));
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(client, "/guarded", token: null));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(client, "/token", await TokenAsync()));
    }

    [Theory, MemberData(nameof(Ways))]
    public async Task A_client_with_an_SVID_is_verified(string way, string version)
    {
        var server = await StartAsync(SpiffeServerMode.OptionalClientCertificate, way);
        var svid = await SvidAsync();
        var (shown, asked) = await ShakeHandsAsync(server, svid);
        Assert.Equal((Expected, true), (SpiffeIdOf(shown), asked));

        using var client = ForeignClient(server, svid, version);
        Assert.Equal("spiffe://example.org/client", await GetAsync(client, version));
        Assert.Equal("caller /client, peer /client, token -, user /client", await GetAsync(client, version, "/guarded"));
        using var other = ForeignClient(server, await SvidAsync("admin"), version);
        Assert.Equal(HttpStatusCode.Forbidden, await StatusAsync(other, "/guarded", token: null));
    }

    [Theory, MemberData(nameof(Ways))]
    public async Task A_stranger_does_not_finish_the_handshake(string way, string version)
    {
        var server = await StartAsync(SpiffeServerMode.OptionalClientCertificate, way);
        var stranger = await StartAgentAsync("elsewhere", "client");
        await AssertNoConnectionAsync(server, await SvidAsync(agent: stranger), RejectionReason.UnknownTrustDomain, version);
    }

    [Theory, MemberData(nameof(Ways))]
    public async Task A_peer_that_is_not_allowed_does_not_finish_the_handshake(string way, string version)
    {
        var server = await StartAsync(SpiffeServerMode.OptionalClientCertificate, way, builder => builder.Configuration["Spiffe:AllowedPeers:0"] = "spiffe://example.org/admin");
        await AssertNoConnectionAsync(server, await SvidAsync(), RejectionReason.NotAllowed, version);
    }

    [Theory, MemberData(nameof(Ways))]
    public async Task A_certificate_that_is_no_SVID_does_not_finish_the_handshake(string way, string version)
    {
        var server = await StartAsync(SpiffeServerMode.OptionalClientCertificate, way);
        using var client = new HttpClient(new SocketsHttpHandler
        {
            SslOptions = new() { ClientCertificateContext = SslStreamCertificateContext.Create(Web.Leaf(leaf => leaf with { Uris = [] }).Leaf, null, offline: true), RemoteCertificateValidationCallback = (_, _, _, _) => true },
        })
        { BaseAddress = NamedAddressOf(server) };
        await AssertRefusedAsync(client, RejectionReason.NotOneUriSan, version: version);
    }

    [Fact]
    public async Task A_verified_connection_ends_when_its_peer_is_no_longer_allowed_and_one_without_a_certificate_stays()
    {
        var server = await StartAsync(SpiffeServerMode.OptionalClientCertificate, "configuration");
        using var known = ForeignClient(server, await SvidAsync(), "2.0");
        using var nobody = ForeignClient(server, null, "2.0");
        Assert.Equal("spiffe://example.org/client", await GetAsync(known, "2.0"));
        Assert.Equal("nobody", await GetAsync(nobody, "2.0"));

        server.Configuration["Spiffe:AllowedPeers:0"] = "spiffe://example.org/admin";
        ((IConfigurationRoot)server.Configuration).Reload();
        Assert.Equal(RejectionReason.NotAllowed, (await WaitForAsync("PeerConnectionEnded", Timeout)).Values["Reason"]);

        // Over the ended connection a request may still get 401, before its client has heard of the end.
        using var again = ForeignClient(server, await SvidAsync(), "2.0");
        await AssertRefusedAsync(again, RejectionReason.NotAllowed, ClientId, "2.0");
        Assert.Equal("nobody", await GetAsync(nobody, "2.0"));
    }

    [Theory]
    [InlineData(SpiffeServerMode.OptionalClientCertificate)]
    [InlineData(SpiffeServerMode.NoClientCertificate)]
    public async Task A_certificate_that_came_otherwise_and_was_not_verified_lets_nobody_in(SpiffeServerMode mode)
    {
        var builder = Builder();
        builder.WebHost.UseSpiffeMtls();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen => Smuggle(listen.UseSpiffe(mode), WebCertificate())));
        var server = await StartAsync(builder);
        using var client = ForeignClient(server, null, "1.1");
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(client, "/", token: null));
    }

    private static void Smuggle(ListenOptions listen, X509Certificate2 certificate) => listen.Use(next => connection =>
    {
        connection.Features.GetRequiredFeature<ITlsConnectionFeature>().ClientCertificate = certificate;
        return next(connection);
    });
}
