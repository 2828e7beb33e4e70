using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using AspNetSpiffe.TestKit;

namespace AspNetSpiffe.Tests.Clients;

/// <summary>A refused server learns that the connection ended, and nothing else; the caller and the log learn everything.</summary>
public sealed class RefusedServerTests(ITestOutputHelper output) : MeshTest(output)
{
    private static readonly TestPki Pki = new(intermediates: 1);

    private static readonly Dictionary<RejectionReason, TestSvid> Servers = new()
    {
        [RejectionReason.NotOneUriSan] = Pki.Leaf(l => l with { Uris = [], DnsNames = ["127.0.0.1"] }),
        [RejectionReason.InvalidSpiffeId] = Pki.Leaf(l => l with { Uris = ["spiffe://example.org/"] }),
        [RejectionReason.CaCertificate] = Pki.Leaf(l => l with { Ca = true }),
        [RejectionReason.UnknownTrustDomain] = new TestPki("elsewhere").Leaf(),
        [RejectionReason.Expired] = Pki.Leaf(l => l with { NotBefore = l.NotBefore.AddHours(-2), NotAfter = l.NotBefore.AddMinutes(-1) }),
        [RejectionReason.NotTrusted] = Pki.CreateRoot().Leaf(),
        [RejectionReason.BadSignature] = Pki.Leaf(l => l with { SignedBy = TestKey.Create(KeyKind.P256) }),
        [RejectionReason.NotForThisUse] = Pki.Leaf(l => l with { ExtendedKeyUsages = [CertificateSpec.ClientAuth] }),
        [RejectionReason.InvalidChain] = Pki.Leaf(l => l with { UnknownCriticalExtension = true }),
        [RejectionReason.NotAllowed] = Pki.Leaf("/other"),
    };

    private X509Source _source = null!;

    public override async ValueTask InitializeAsync()
    {
        var agent = Keep(await FakeAgent.StartAsync());
        agent.OnEachCall = a => a.SendRaw(GrpcFrame.Of(Pki.ResponseBytes([Pki.Leaf("/client")])));
        _source = Keep(await X509Source.StartAsync(new() { EndpointSocket = agent.Address }, Loggers, Timeout));
    }

    [Theory, Trait("Spec", "XV-r")]
    [InlineData(SslProtocols.Tls12)]
    [InlineData(SslProtocols.Tls13)]
    public async Task A_refused_server_sees_the_same_end_whatever_the_reason(SslProtocols protocol)
    {
        var farewells = new List<Farewell>();
        foreach (var (reason, svid) in Servers)
        {
            var (farewell, refusal) = await CallAsync(svid, protocol);
            Assert.Equal(reason, refusal.Reason);
            farewells.Add(farewell);
        }

        Assert.Equal(new Farewell(Farewell.Fine, Farewell.Fine, ""), Assert.Single(farewells.Distinct()));
    }

    [Theory, Trait("Spec", "XV-r")]
    [InlineData(SslProtocols.Tls12)]
    [InlineData(SslProtocols.Tls13)]
    public async Task A_refused_server_behind_a_proxy_sees_the_same_and_the_caller_learns_as_much(SslProtocols protocol)
    {
        // BadSignature is left out: a proxy passes the handshake on in pieces, and then OpenSSL may be faster (BadSignatureFacts).
        var farewells = new List<Farewell>();
        foreach (var (reason, svid) in Servers.Where(s => s.Key != RejectionReason.BadSignature))
        {
            var (farewell, refusal) = await CallAsync(svid, protocol, Keep(new ConnectProxy()));
            var (_, direct) = await CallAsync(svid, protocol);
            Assert.Equal((reason, direct.Id, direct.Expected), (refusal.Reason, refusal.Id, refusal.Expected));
            farewells.Add(farewell);
        }

        Assert.Equal(new Farewell(Farewell.Fine, Farewell.Fine, ""), Assert.Single(farewells.Distinct()));
    }

    [Fact, Trait("Spec", "XV-q"), Trait("Spec", "XV-r")]
    public async Task Each_refusal_is_logged_with_the_server_that_was_called()
    {
        var calls = 0;
        foreach (var (reason, svid) in Servers)
        {
            await CallAsync(svid, SslProtocols.Tls13);
            var refusal = await WaitForAsync("PeerRefused", Timeout, ++calls);
            Assert.Equal(reason, refusal.Values["Reason"]);
            Assert.Contains("127.0.0.1", refusal.Message, StringComparison.Ordinal);
            Assert.Contains($"'{svid.Leaf.Issuer}'", refusal.Message, StringComparison.Ordinal);
        }
    }

    /// <summary>Calls a server that speaks TLS and no SPIFFE.</summary>
    private async Task<(Farewell Farewell, SpiffePeerRejectedException Refusal)> CallAsync(TestSvid svid, SslProtocols protocol, ConnectProxy? proxy = null)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using var client = Client(new($"https://{listener.LocalEndpoint}"), SpiffeHttpHandler.Create(_source, SpiffeIdPattern.Parse("spiffe://example.org/workload"), handler => proxy?.Use(handler)));
        var calling = Assert.ThrowsAsync<SpiffePeerRejectedException>(() => GetAsync(client));

        using var accepted = await listener.AcceptTcpClientAsync(Timeout);
        var options = new SslServerAuthenticationOptions
        {
            ServerCertificateContext = SslStreamCertificateContext.Create(svid.Leaf, [.. svid.Intermediates], offline: true),
            ClientCertificateRequired = true,
            EnabledSslProtocols = protocol,
            RemoteCertificateValidationCallback = (_, _, _, _) => true,
        };
        var farewell = await Farewell.HearAsync(accepted.GetStream(), tls => tls.AuthenticateAsServerAsync(options, Timeout), Timeout);
        return (farewell, await calling);
    }
}
