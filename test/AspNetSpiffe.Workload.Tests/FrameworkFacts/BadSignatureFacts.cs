using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using AspNetSpiffe.TestKit;

namespace AspNetSpiffe.Tests.FrameworkFacts;

/// <summary>What SslStream does on .NET 10 and Linux with a client whose certificate its issuer did not sign, though it says so.</summary>
public sealed class BadSignatureFacts
{
    private static readonly TestPki Pki = new("td", intermediates: 1);

    [Theory, Trait("Spec", "XV-r")]
    [InlineData(SslProtocols.Tls12)]
    [InlineData(SslProtocols.Tls13)]
    public async Task A_handshake_that_arrives_in_pieces_fails_before_the_callback_is_asked(SslProtocols protocol)
    {
        if (!OperatingSystem.IsLinux()) return;

        // OpenSSL checks the chain for itself, and what it leaves in its queue of errors ends the next wait for bytes.
        // When this fails, BadSignature is always in our log, and belongs into RefusedPeerTests.
        Assert.False(await IsAskedAsync(Pki.Leaf(l => l with { SignedBy = TestKey.Create(KeyKind.P256) }), protocol));
        Assert.True(await IsAskedAsync(Pki.CreateRoot().Intermediate().Leaf(), protocol));
        Assert.True(await IsAskedAsync(Pki.Leaf(), protocol));
    }

    private static async Task<bool> IsAskedAsync(TestSvid client, SslProtocols protocol)
    {
        using var patience = new CancellationTokenSource(HangLimit.OfATest);
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using var socket = new TcpClient();
        var accepting = listener.AcceptTcpClientAsync(patience.Token).AsTask();
        await socket.ConnectAsync((IPEndPoint)listener.LocalEndpoint, patience.Token);
        using var accepted = await accepting;

        await using var clientStream = new SslStream(socket.GetStream());
        var connecting = clientStream.AuthenticateAsClientAsync(ClientOptions(client, protocol), patience.Token);

        var asked = false;
        await using (var serverStream = new SslStream(new OneRecordAtATime(accepted.GetStream())))
            await Assert.ThrowsAsync<AuthenticationException>(() => serverStream.AuthenticateAsServerAsync(ServerOptions(protocol, () => asked = true), patience.Token));

        await Record.ExceptionAsync(() => connecting);
        return asked;
    }

    private static SslServerAuthenticationOptions ServerOptions(SslProtocols protocol, Action ask)
    {
        var server = Pki.Leaf("/server");
        return new()
        {
            ServerCertificateContext = SslStreamCertificateContext.Create(server.Leaf, [.. server.Intermediates], offline: true),
            ClientCertificateRequired = true,
            EnabledSslProtocols = protocol,
            CertificateChainPolicy = Pki.Bundle.CreateChainPolicy(TimeProvider.System.GetUtcNow()),
            RemoteCertificateValidationCallback = (_, _, _, _) =>
            {
                ask();
                return false;
            },
        };
    }

    private static SslClientAuthenticationOptions ClientOptions(TestSvid client, SslProtocols protocol) => new()
    {
        TargetHost = "server.test",
        ClientCertificateContext = SslStreamCertificateContext.Create(client.Leaf, [.. client.Intermediates], offline: true),
        EnabledSslProtocols = protocol,
        RemoteCertificateValidationCallback = (_, _, _, _) => true,
    };
}
