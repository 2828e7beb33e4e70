using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using AspNetSpiffe.TestKit;

namespace AspNetSpiffe.Tests.FrameworkFacts;

/// <summary>What SslStream does on .NET 10 with the certificates of a peer.</summary>
public sealed class TlsFacts
{
    private static readonly TestPki Pki = new("td", intermediates: 1);
    private static readonly X509Certificate2Collection Intermediates = [.. Pki.Issuer.Intermediates];
    private readonly SslStreamCertificateContext _server = SslStreamCertificateContext.Create(Pki.Leaf("/server").Leaf, Intermediates, offline: true);
    private readonly SslStreamCertificateContext _client = SslStreamCertificateContext.Create(Pki.Leaf("/client").Leaf, Intermediates, offline: true);

    [Theory]
    [Trait("Spec", "XV-p")]
    [InlineData(SslProtocols.Tls12)]
    [InlineData(SslProtocols.Tls13)]
    public async Task A_resumed_session_loses_the_intermediates(SslProtocols protocol)
    {
        // When this fails, AllowTlsResume may be reconsidered.
        var handshakes = await HandshakeTwiceAsync(protocol, allowResume: true);
        Assert.Equal(1, handshakes[0].Intermediates);
        Assert.Equal(0, handshakes[1].Intermediates);
        Assert.True(handshakes[1].Errors.HasFlag(SslPolicyErrors.RemoteCertificateChainErrors));
    }

    [Theory]
    [InlineData(SslProtocols.Tls12)]
    [InlineData(SslProtocols.Tls13)]
    public async Task The_callback_is_asked_about_a_resumed_session_with_its_leaf(SslProtocols protocol)
    {
        // When this fails, .NET takes sessions back without asking (dotnet/runtime#133174): ResumedSessions must not count its version among those that ask.
        var handshakes = await HandshakeTwiceAsync(protocol, allowResume: true);
        Assert.Equal([1, 0], handshakes.Select(seen => seen.Intermediates));
        Assert.All(handshakes, seen => Assert.Equal(_client.TargetCertificate.Thumbprint, seen.Leaf));
    }

    [Theory]
    [Trait("Spec", "XV-p")]
    [InlineData(SslProtocols.Tls12)]
    [InlineData(SslProtocols.Tls13)]
    public async Task Without_resumption_every_handshake_brings_them(SslProtocols protocol) =>
        Assert.All(await HandshakeTwiceAsync(protocol, allowResume: false), seen => Assert.Equal((1, SslPolicyErrors.None), (seen.Intermediates, seen.Errors)));

    [Fact]
    public async Task A_shared_policy_stays_as_it_was()
    {
        var policy = Policy();
        await HandshakeAsync(ServerOptions(policy, SslProtocols.Tls13, allowResume: false, _ => { }), ClientOptions(SslProtocols.Tls13, allowResume: false));
        Assert.Empty(policy.ExtraStore);
        Assert.Empty(policy.ApplicationPolicy);
    }

    [Fact, Trait("Spec", "XV-r")]
    public async Task An_exception_of_the_validation_callback_comes_out_as_it_is()
    {
        var server = ServerOptions(Policy(), SslProtocols.Tls13, allowResume: false, _ => throw new InvalidDataException("from the callback"));
        await Assert.ThrowsAsync<InvalidDataException>(() => HandshakeAsync(server, ClientOptions(SslProtocols.Tls13, allowResume: false)));
    }

    private async Task<Seen[]> HandshakeTwiceAsync(SslProtocols protocol, bool allowResume)
    {
        var seen = new List<Seen>();
        var server = ServerOptions(Policy(), protocol, allowResume, seen.Add);
        var client = ClientOptions(protocol, allowResume);
        for (var i = 0; i < 2; i++) await HandshakeAsync(server, client);
        return [.. seen];
    }

    private SslServerAuthenticationOptions ServerOptions(X509ChainPolicy policy, SslProtocols protocol, bool allowResume, Action<Seen> see) => new()
    {
        ServerCertificateContext = _server,
        ClientCertificateRequired = true,
        EnabledSslProtocols = protocol,
        AllowTlsResume = allowResume,
        CertificateChainPolicy = policy,
        RemoteCertificateValidationCallback = (_, leaf, chain, errors) =>
        {
            see(new(chain!.ChainPolicy.ExtraStore.Count, errors, leaf?.GetCertHashString()));
            return chain.ChainElements.Count > 0;
        },
    };

    private SslClientAuthenticationOptions ClientOptions(SslProtocols protocol, bool allowResume) => new()
    {
        TargetHost = $"resumption-{protocol}-{allowResume}.test",
        ClientCertificateContext = _client,
        EnabledSslProtocols = protocol,
        AllowTlsResume = allowResume,
        RemoteCertificateValidationCallback = (_, _, _, errors) => (errors & ~SslPolicyErrors.RemoteCertificateNameMismatch) == SslPolicyErrors.None,
        CertificateChainPolicy = Policy(),
    };

    private static X509ChainPolicy Policy()
    {
        var policy = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            RevocationMode = X509RevocationMode.NoCheck,
            DisableCertificateDownloads = true,
        };
        policy.CustomTrustStore.Add(Pki.Root.Certificate);
        return policy;
    }

    /// <summary>Makes one connection, passes a byte, so that the client sees the ticket of TLS 1.3, and closes it in good order.</summary>
    private static async Task HandshakeAsync(SslServerAuthenticationOptions server, SslClientAuthenticationOptions client)
    {
        using var patience = new CancellationTokenSource(HangLimit.OfATest);
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using var socket = new TcpClient();
        var accepting = listener.AcceptTcpClientAsync(patience.Token).AsTask();
        await socket.ConnectAsync((IPEndPoint)listener.LocalEndpoint, patience.Token);
        using var accepted = await accepting;

        await using var serverStream = new SslStream(accepted.GetStream());
        await using var clientStream = new SslStream(socket.GetStream());
        var clientSide = clientStream.AuthenticateAsClientAsync(client, patience.Token);
        await serverStream.AuthenticateAsServerAsync(server, patience.Token);
        await clientSide;

        await serverStream.WriteAsync("x"u8.ToArray(), patience.Token);
        Assert.Equal(1, await clientStream.ReadAsync(new byte[1], patience.Token));
        await clientStream.ShutdownAsync();
        await serverStream.ShutdownAsync();
    }

    private sealed record Seen(int Intermediates, SslPolicyErrors Errors, string? Leaf);
}
