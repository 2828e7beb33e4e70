using System.Net.Security;
using System.Net.Sockets;
using AspNetSpiffe.Tests.Handshakes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Configuration;

namespace AspNetSpiffe.Tests.Composition;

/// <summary>Where Kestrel asks for certificates by itself, its callback is ours all the same: a refused peer's connection ends with the handshake.</summary>
public sealed class CertificateModeTests(ITestOutputHelper output) : MeshTest(output)
{
    [Theory, Trait("Trial", "M-10")]
    [InlineData("")]
    [InlineData("Sni:*:")]
    public async Task A_refused_peer_does_not_finish_its_handshake(string section)
    {
        var server = await StartAsync(section);
        await AssertHandshakesAsync(server);
    }

    // A changed configuration is read after the defaults, and makes Kestrel ask by itself, with a callback that does not know its connection.
    [Theory, Trait("Trial", "M-10")]
    [InlineData("")]
    [InlineData("Sni:*:")]
    public async Task A_refused_peer_does_not_finish_its_handshake_on_an_endpoint_that_was_reloaded(string section)
    {
        var server = await StartAsync(section, mode: "NoCertificate");
        server.Configuration[$"Kestrel:Endpoints:E:{section}ClientCertificateMode"] = "RequireCertificate";
        ((IConfigurationRoot)server.Configuration).Reload();
        await WaitForReloadAsync();
        await AssertHandshakesAsync(server);
    }

    [Fact, Trait("Trial", "M-10")]
    public async Task A_connection_to_an_endpoint_that_was_reloaded_ends_as_any_other()
    {
        var server = await StartAsync("", mode: "NoCertificate");
        server.Configuration["Kestrel:Endpoints:E:ClientCertificateMode"] = "RequireCertificate";
        ((IConfigurationRoot)server.Configuration).Reload();
        await WaitForReloadAsync();
        using var socket = new TcpClient(AddressFamily.InterNetwork);
        await using var tls = await AuthenticateAsync(socket, server, (await SourceAsync("client")).Current!.DefaultSvid);
        await tls.WriteAsync("GET / HTTP/1.1\r\nHost: server.test\r\n\r\n"u8.ToArray(), Timeout);
        Assert.Equal("HTTP/1.1 200 OK", await new StreamReader(tls).ReadLineAsync(Timeout));

        server.Configuration["Spiffe:AllowedPeers:0"] = "spiffe://example.org/another";
        ((IConfigurationRoot)server.Configuration).Reload();
        Assert.Equal(RejectionReason.NotAllowed, (await WaitForAsync("PeerConnectionEnded", Timeout)).Values["Reason"]);
    }

    [Theory, Trait("Trial", "K-01")]
    [InlineData("Kestrel:Endpoints:E:ClientCertificateMode", "AllowCertificate")]
    [InlineData("Kestrel:Endpoints:E:Certificate:Path", "server.pfx")]
    public async Task A_reload_that_contradicts_mutual_TLS_is_refused_and_the_endpoint_stays_as_it_was(string key, string value)
    {
        var server = await StartAsync("");
        server.Configuration[key] = value;
        ((IConfigurationRoot)server.Configuration).Reload();

        AllowWarning("");
        var refusal = await Logs.WaitForAsync(record => record.Exception is InvalidOperationException, Timeout);
        Assert.Contains(value, refusal.Exception!.Message + value, StringComparison.Ordinal);
        Assert.Contains("Kestrel:Endpoints:E", refusal.Exception.Message, StringComparison.Ordinal);
        await AssertHandshakesAsync(server);
    }

    private async Task<WebApplication> StartAsync(string section, string mode = "RequireCertificate")
    {
        var builder = Builder(("Kestrel:Endpoints:E:Url", "https://127.0.0.1:0"), ($"Kestrel:Endpoints:E:{section}ClientCertificateMode", mode));
        builder.WebHost.UseSpiffeMtls();
        return await StartAsync(builder);
    }

    private Task WaitForReloadAsync() => Logs.WaitForAsync(record => record.Message.StartsWith("Config changed. Starting the following endpoints", StringComparison.Ordinal), Timeout);

    private async Task AssertHandshakesAsync(WebApplication server)
    {
        var stranger = await StartAgentAsync("elsewhere", "client");
        var good = (await SourceAsync("client")).Current!.DefaultSvid;
        var bad = (await SourceAsync("client", stranger)).Current!.DefaultSvid;
        Assert.StartsWith("HTTP/1.1 200", await AnswerAsync(server, good), StringComparison.Ordinal);

        // Not one byte, and so not even a 401.
        Assert.Equal("", await AnswerAsync(server, bad));
        Assert.Equal("", await AnswerAsync(server, null));
    }

    private async Task<string> AnswerAsync(WebApplication server, X509Svid? svid)
    {
        try
        {
            using var socket = new TcpClient(AddressFamily.InterNetwork);
            await using var tls = await AuthenticateAsync(socket, server, svid);
            await tls.WriteAsync("GET / HTTP/1.1\r\nHost: server.test\r\nConnection: close\r\n\r\n"u8.ToArray(), Timeout);
            return await new StreamReader(tls).ReadToEndAsync(Timeout);
        }
        catch (IOException)
        {
            return "";
        }
    }

    private async Task<SslStream> AuthenticateAsync(TcpClient socket, WebApplication server, X509Svid? svid)
    {
        await ConnectAsync(socket, server);
        var tls = new SslStream(socket.GetStream());
        var options = svid is null
            ? new SslClientAuthenticationOptions { RemoteCertificateValidationCallback = (_, _, _, _) => true }
            : new Presented(svid.Leaf, [.. svid.Intermediates]).ToClientOptions();
        options.TargetHost = "server.test";
        await tls.AuthenticateAsClientAsync(options, Timeout);
        return tls;
    }

    // An endpoint that was reloaded listens on another port a moment later.
    private async Task ConnectAsync(TcpClient socket, WebApplication server)
    {
        while (true)
        {
            try
            {
                await socket.ConnectAsync(System.Net.IPAddress.Loopback, AddressOf(server).Port, Timeout);
                return;
            }
            catch (SocketException)
            {
                await Task.Yield();
            }
        }
    }
}
