using System.Net;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using AspNetSpiffe.TestKit;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace AspNetSpiffe.InteropTests;

/// <summary>openssl s_client comes back with its session to a Kestrel of ours. It says itself whether the connection is new or resumed.</summary>
/// <param name="output">The output of the test.</param>
/// <param name="allowResume">What our server says.</param>
public abstract class SessionTest(ITestOutputHelper output, bool allowResume) : InteropTest(output)
{
    protected const string ClientId = "spiffe://example.org/client";

    // Two CAs of one trust domain: that of the client can go without taking ours along.
    private readonly TestPki _pki = new("example.org", intermediates: 1);
    private readonly TestPki _clientPki = new("example.org", intermediates: 1);
    private TestIdentity _identity = null!;
    private FakeAgent _agent = null!;
    private X509Source _source = null!;
    private PemFiles _client = null!;

    /// <summary>Gets the port of our server.</summary>
    protected int Port { get; private set; }

    /// <summary>Gets the port of an endpoint of the same process with our SVID, which lets everybody resume.</summary>
    protected int LaxPort { get; private set; }

    /// <summary>Gets the file of the client's session.</summary>
    protected string Session => Path.Combine(Folder, "session.pem");

    public override async ValueTask InitializeAsync()
    {
        _identity = new(_pki.Leaf("/server"), _pki.Root.Certificate, _clientPki.Root.Certificate);
        _agent = Stopping(await FakeAgent.StartAsync());
        _agent.Send(_identity);
        var client = _clientPki.Leaf("/client");
        _client = PemFiles.Write(Path.Combine(Folder, "client"), client.Leaf, client.Intermediates, _pki.Authorities);

        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders().SetMinimumLevel(LogLevel.Trace).AddProvider(Logs);
        builder.Configuration["Spiffe:EndpointSocket"] = _agent.Address;
        builder.Configuration["Spiffe:AllowTlsResume"] = $"{allowResume}";
        builder.Services.AddSpiffeServer();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Listen(IPAddress.Loopback, 0, listen => listen.UseSpiffe());
            kestrel.Listen(IPAddress.Loopback, 0, listen => listen.UseHttps(Lax(_identity.Svid)));
        });
        var server = Stopping(builder.Build());
        server.MapGet("/", (HttpContext http) => http.Features.Get<ISpiffePeerFeature>()?.Peer?.Id.ToString() ?? "anybody");
        await server.StartAsync(Patience);
        _source = server.Services.GetRequiredService<X509Source>();
        var addresses = server.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Select(a => new Uri(a).Port).ToArray();
        (Port, LaxPort) = (addresses[0], addresses[1]);
    }

    private static TlsHandshakeCallbackOptions Lax(TestSvid svid)
    {
        var context = SslStreamCertificateContext.Create(svid.Leaf, [.. svid.Intermediates], offline: true);
        return new()
        {
            OnConnection = _ => ValueTask.FromResult(new SslServerAuthenticationOptions
            {
                ServerCertificateContext = context,
                ClientCertificateRequired = true,
                CertificateChainPolicy = new X509ChainPolicy { DisableCertificateDownloads = true, RevocationMode = X509RevocationMode.NoCheck },
                RemoteCertificateValidationCallback = (_, _, _, _) => true,
            }),
        };
    }

    protected Task RemoveClientAuthorityAsync() => RenewAsync(
        () =>
        {
            _agent.Send(_identity with { Authorities = [_pki.Root.Certificate] });
            return Task.CompletedTask;
        },
        _source);

    protected Task<ProgramResult> AskAsync(int port, string[] options)
    {
        // Kestrel ends a connection without close_notify.
        string[] arguments =
        [
            "s_client", "-connect", $"127.0.0.1:{port}", "-ign_eof", "-ignore_unexpected_eof", "-verify_return_error", "-CAfile", _client.Bundle, "-no-CApath", "-no-CAstore",
            "-cert", _client.Chain, "-key", _client.Key, "-cert_chain", _client.Intermediates, .. options,
        ];
        return OutsideProgram.RunAsync(Tools.OpenSsl, arguments, "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", Patience);
    }

    protected static void AssertAnswered(ProgramResult result, string kind, string answer)
    {
        Assert.True(result.ExitCode == 0, result.All);
        Assert.Contains("HTTP/1.1 200 OK", result.Output, StringComparison.Ordinal);
        Assert.Contains(answer, result.Output, StringComparison.Ordinal);
        AssertKind(result, kind);
    }

    protected async Task AssertRefusedAsync(ProgramResult result, string kind = "New")
    {
        Assert.DoesNotContain("HTTP/1.1", result.Output, StringComparison.Ordinal);
        AssertKind(result, kind);
        var refusal = await WaitForAsync("PeerRefused", Patience);
        Assert.Equal((RejectionReason.NotTrusted, ClientId), (refusal.Values["Reason"], refusal.Values["SpiffeId"]));
    }

    private static void AssertKind(ProgramResult result, string kind)
    {
        Assert.Contains($"{kind}, TLSv1.", result.Output, StringComparison.Ordinal);
        Assert.DoesNotContain(kind == "New" ? "Reused, TLSv1." : "New, TLSv1.", result.Output, StringComparison.Ordinal);
    }
}
