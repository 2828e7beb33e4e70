using System.Diagnostics.Metrics;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using AspNetSpiffe.TestKit;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.Metrics.Testing;

namespace AspNetSpiffe.Tests.Kestrel;

/// <summary>A refused client learns that the connection ended, and nothing else; the server's log and metric learn everything.</summary>
public sealed class RefusedPeerTests(ITestOutputHelper output) : MeshTest(output)
{
    private static readonly TestPki Pki = new(intermediates: 1);

    // Without BadSignature: on Linux, OpenSSL may end that handshake before anyone is asked (BadSignatureFacts). EmptyBundle and Unreadable are asked of the verifier.
    private static readonly Dictionary<RejectionReason, TestSvid?> Peers = new()
    {
        [RejectionReason.NoCertificate] = null,
        [RejectionReason.TooLarge] = Enumerable.Range(0, 15).Aggregate(Pki.Issuer, (issuer, _) => issuer.Intermediate()).Leaf(),
        [RejectionReason.NotOneUriSan] = Pki.Leaf(l => l with { Uris = [], DnsNames = ["example.org"] }),
        [RejectionReason.InvalidSpiffeId] = Pki.Leaf(l => l with { Uris = ["spiffe://example.org/"] }),
        [RejectionReason.RootPath] = Pki.Leaf(""),
        [RejectionReason.CaCertificate] = Pki.Leaf(l => l with { Ca = true }),
        [RejectionReason.SigningKeyUsage] = Pki.Leaf(l => l with { KeyUsage = X509KeyUsageFlags.DigitalSignature | X509KeyUsageFlags.KeyCertSign }),
        [RejectionReason.NoDigitalSignature] = Pki.Leaf(l => l with { KeyUsage = null }),
        [RejectionReason.UnknownTrustDomain] = new TestPki("elsewhere").Leaf(),
        [RejectionReason.Expired] = Pki.Leaf(l => l with { NotBefore = l.NotBefore.AddHours(-2), NotAfter = l.NotBefore.AddMinutes(-1) }),
        [RejectionReason.NotYetValid] = Pki.Leaf(l => l with { NotBefore = l.NotAfter.AddMinutes(-1), NotAfter = l.NotAfter.AddHours(2) }),
        [RejectionReason.NotTrusted] = Pki.CreateRoot().Leaf(),
        [RejectionReason.NotForThisUse] = Pki.Leaf(l => l with { ExtendedKeyUsages = [CertificateSpec.ServerAuth] }),
        [RejectionReason.InvalidChain] = Pki.Leaf(l => l with { UnknownCriticalExtension = true }),
        [RejectionReason.NotAllowed] = Pki.Leaf("/client"),
    };

    private bool _called;

    public override ValueTask InitializeAsync() => ValueTask.CompletedTask;

    [Theory, Trait("Spec", "XV-r")]
    [InlineData(SslProtocols.Tls12)]
    [InlineData(SslProtocols.Tls13)]
    public async Task A_refused_client_sees_the_same_end_whatever_the_reason(SslProtocols protocol)
    {
        var server = await StartAsync();
        var farewells = new List<Farewell>();
        foreach (var svid in Peers.Values) farewells.Add((await ConnectAsync(server, svid, protocol)).Farewell);

        var farewell = Assert.Single(farewells.Distinct());
        Assert.Equal((Farewell.Fine, Farewell.Fine), (farewell.Handshake, farewell.Reading));
        Assert.DoesNotContain("21:", farewell.Records, StringComparison.Ordinal);
        Assert.False(_called);
    }

    [Fact, Trait("Spec", "XV-r")]
    public async Task Each_refusal_is_logged_with_where_its_client_is_and_counted_by_its_reason()
    {
        var server = await StartAsync();
        using var rejections = new MetricCollector<long>(server.Services.GetRequiredService<IMeterFactory>(), SpiffeDiagnostics.MeterName, "spiffe.peer.rejections");
        var refused = 0;
        foreach (var (reason, svid) in Peers)
        {
            var (_, local) = await ConnectAsync(server, svid, SslProtocols.Tls13);
            var refusal = await WaitForAsync("PeerRefused", Timeout, times: ++refused);
            Assert.Equal(reason, refusal.Values["Reason"]);
            Assert.Equal(local.ToString(), refusal.Values["Remote"]);
        }

        await rejections.WaitForMeasurementsAsync(refused, Timeout);
        Assert.Equal(Peers.Keys.Select(r => JsonNamingPolicy.SnakeCaseLower.ConvertName(r.ToString())), rejections.GetMeasurementSnapshot().Select(m => m.Tags["error.type"]));
    }

    private async Task<WebApplication> StartAsync()
    {
        var agent = Keep(await FakeAgent.StartAsync());
        agent.OnEachCall = a => a.SendRaw(GrpcFrame.Of(Pki.ResponseBytes([Pki.Leaf("/server")])));
        var builder = Builder(("urls", "https://127.0.0.1:0"), ("Spiffe:EndpointSocket", agent.Address));
        builder.WebHost.UseSpiffeMtls(options => options.AllowedPeers = ["spiffe://example.org/admin"]);
        return await StartAsync(builder, app => app.Use((HttpContext http, RequestDelegate next) =>
        {
            _called = true;
            return next(http);
        }));
    }

    private async Task<(Farewell Farewell, EndPoint Local)> ConnectAsync(WebApplication server, TestSvid? svid, SslProtocols protocol)
    {
        var address = AddressOf(server);
        using var socket = new TcpClient(AddressFamily.InterNetwork);
        await socket.ConnectAsync(address.Host, address.Port, Timeout);
        var local = socket.Client.LocalEndPoint!;
        var options = new SslClientAuthenticationOptions
        {
            TargetHost = "server.test",
            EnabledSslProtocols = protocol,
            ClientCertificateContext = svid is null ? null : SslStreamCertificateContext.Create(svid.Leaf, [.. svid.Intermediates], offline: true),
            RemoteCertificateValidationCallback = (_, _, _, _) => true,
        };
        return (await Farewell.HearAsync(socket.GetStream(), tls => tls.AuthenticateAsClientAsync(options, Timeout), Timeout), local);
    }
}
