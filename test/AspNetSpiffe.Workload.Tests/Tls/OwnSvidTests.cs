using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using AspNetSpiffe.TestKit;
using Microsoft.Extensions.Logging.Abstractions;

namespace AspNetSpiffe.Workload.Tests.Tls;

public sealed class OwnSvidTests : IDisposable
{
    private readonly ManualTime _time = new();
    private readonly TestPki _pki = new("td");
    private readonly X509Source _source;

    public OwnSvidTests() => _source = new(new() { EndpointSocket = "unix:///no-agent.sock" }, NullLoggerFactory.Instance, null, _time);

    public void Dispose() => _source.Dispose();

    [Fact, Trait("Trial", "H-24"), Trait("Spec", "XV-u")]
    public void Our_own_SVID_serves_through_its_last_second_and_not_longer()
    {
        var svid = _pki.Leaf();
        var tls = Tls(svid);

        _time.Advance(svid.Leaf.NotAfter.ToUniversalTime() - _time.GetUtcNow() + TimeSpan.FromMilliseconds(999));
        tls.Configure(new SslServerAuthenticationOptions());
        tls.Configure(new SslClientAuthenticationOptions());

        _time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Throws<AuthenticationException>(() => tls.Configure(new SslServerAuthenticationOptions()));
        Assert.Throws<AuthenticationException>(() => tls.Configure(new SslClientAuthenticationOptions()));
    }

    [Fact, Trait("Trial", "K-02")]
    public async Task Our_own_SVID_is_shown_whatever_certificates_the_options_had()
    {
        var (server, client) = (_pki.Leaf("/server"), _pki.Leaf("/client"));
        var other = new TestPki("elsewhere").Leaf().Leaf;
        var (ofServer, ofClient) = (
            new SslServerAuthenticationOptions { ServerCertificate = other, ServerCertificateSelectionCallback = (_, _) => other },
            new SslClientAuthenticationOptions { TargetHost = "td", ClientCertificates = [other], LocalCertificateSelectionCallback = (_, _, _, _, _) => other });
        Tls(server).Configure(ofServer);
        Tls(client).Configure(ofClient);

        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using var outgoing = new TcpClient();
        var connecting = outgoing.ConnectAsync((IPEndPoint)listener.LocalEndpoint);
        using var incoming = await listener.AcceptTcpClientAsync();
        await connecting;
        await using var serverEnd = new SslStream(incoming.GetStream());
        await using var clientEnd = new SslStream(outgoing.GetStream());
        await Task.WhenAll(serverEnd.AuthenticateAsServerAsync(ofServer), clientEnd.AuthenticateAsClientAsync(ofClient));
        Assert.Equal(client.Leaf.RawData, serverEnd.RemoteCertificate!.GetRawCertData());
        Assert.Equal(server.Leaf.RawData, clientEnd.RemoteCertificate!.GetRawCertData());
    }

    [Fact]
    public void Of_a_chain_that_was_verified_nothing_is_left_to_the_finalizer_but_the_leaf()
    {
        var peer = _pki.Leaf("/peer");
        var tls = Tls(_pki.Leaf());
        using var chain = new X509Chain { ChainPolicy = _pki.Bundle.CreateChainPolicy(_time.GetUtcNow()) };
        var sent = X509CertificateLoader.LoadCertificate(new TestPki("elsewhere").Root.Certificate.RawData);
        chain.ChainPolicy.ExtraStore.Add(sent);
        Assert.True(chain.Build(peer.Leaf));

        Assert.True(tls.Verify(peer.Leaf, chain, PeerRole.Client).Accepted);
        Assert.Equal(2, chain.ChainElements.Count);
        Assert.All(chain.ChainElements.Select(element => element.Certificate).Append(sent), certificate => Assert.Equal(IntPtr.Zero, certificate.Handle));
        Assert.NotEqual(IntPtr.Zero, peer.Leaf.Handle);
    }

    private SpiffeTls Tls(TestSvid svid)
    {
        _source.Publish(new X509ContextReader(_time, new()).Read(_pki.Response(svid)));
        return new(_source, (SpiffeIdPattern?)null);
    }
}
