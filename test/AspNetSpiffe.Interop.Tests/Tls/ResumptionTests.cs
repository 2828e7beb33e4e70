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
public sealed class ResumptionTests(ITestOutputHelper output) : InteropTest(output)
{
    private const string ClientId = "spiffe://example.org/client";

    // Two CAs of one trust domain: that of the client can go without taking ours along.
    private readonly TestPki _pki = new("example.org", intermediates: 1);
    private readonly TestPki _clientPki = new("example.org", intermediates: 1);
    private TestIdentity _identity = null!;
    private FakeAgent _agent = null!;
    private X509Source _source = null!;
    private PemFiles _client = null!;
    private int _port;
    private int _laxPort;

    private string Session => Path.Combine(Folder, "session.pem");

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
        (_port, _laxPort) = (addresses[0], addresses[1]);
    }

    [Theory, Trait("Spec", "XV-p")]
    [InlineData("-tls1_2")]
    [InlineData("-tls1_3")]
    public async Task A_client_with_an_intermediate_is_answered_on_every_connection(string protocol)
    {
        for (var i = 0; i < 10; i++)
        {
            string[] session = File.Exists(Session) ? ["-sess_in", Session, "-sess_out", Session] : ["-sess_out", Session];
            AssertAnswered(await AskAsync(_port, [protocol, .. session]), "New", ClientId);
        }
    }

    // TLS 1.2 is given no session by us, so it comes with that of another endpoint of this process, which has our SVID and lets clients resume.
    [Theory, Trait("Spec", "XV-p")]
    [InlineData("-tls1_2", false)]
    [InlineData("-tls1_3", false)]
    [InlineData("-tls1_3", true)]
    public async Task A_client_whose_CA_was_removed_cannot_resume_its_old_session(string protocol, bool fromUs)
    {
        AssertAnswered(await AskAsync(fromUs ? _port : _laxPort, [protocol, "-sess_out", Session]), "New", fromUs ? ClientId : "anybody");
        if (!fromUs) AssertAnswered(await AskAsync(_laxPort, [protocol, "-sess_in", Session]), "Reused", "anybody");
        AssertAnswered(await AskAsync(_port, [protocol, "-sess_in", Session]), "New", ClientId);

        await RemoveClientAuthorityAsync();
        await AssertRefusedAsync(await AskAsync(_port, [protocol, "-sess_in", Session]));
    }

    [Theory, Trait("Spec", "XV-p")]
    [InlineData("-tls1_2")]
    [InlineData("-tls1_3")]
    public async Task A_client_whose_CA_was_removed_is_refused_on_a_new_connection(string protocol)
    {
        AssertAnswered(await AskAsync(_port, [protocol]), "New", ClientId);
        await RemoveClientAuthorityAsync();
        await AssertRefusedAsync(await AskAsync(_port, [protocol]));
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

    private Task RemoveClientAuthorityAsync() => RenewAsync(
        () =>
        {
            _agent.Send(_identity with { Authorities = [_pki.Root.Certificate] });
            return Task.CompletedTask;
        },
        _source);

    private Task<ProgramResult> AskAsync(int port, string[] options)
    {
        // Kestrel ends a connection without close_notify.
        string[] arguments =
        [
            "s_client", "-connect", $"127.0.0.1:{port}", "-ign_eof", "-ignore_unexpected_eof", "-verify_return_error", "-CAfile", _client.Bundle, "-no-CApath", "-no-CAstore",
            "-cert", _client.Chain, "-key", _client.Key, "-cert_chain", _client.Intermediates, .. options,
        ];
        return OutsideProgram.RunAsync(Tools.OpenSsl, arguments, "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", Patience);
    }

    private static void AssertAnswered(ProgramResult result, string kind, string answer)
    {
        Assert.True(result.ExitCode == 0, result.All);
        Assert.Contains("HTTP/1.1 200 OK", result.Output, StringComparison.Ordinal);
        Assert.Contains(answer, result.Output, StringComparison.Ordinal);
        AssertKind(result, kind);
    }

    private async Task AssertRefusedAsync(ProgramResult result)
    {
        Assert.DoesNotContain("HTTP/1.1", result.Output, StringComparison.Ordinal);
        AssertKind(result, "New");
        var refusal = await WaitForAsync("PeerRefused", Patience);
        Assert.Equal((RejectionReason.NotTrusted, ClientId), (refusal.Values["Reason"], refusal.Values["SpiffeId"]));
    }

    private static void AssertKind(ProgramResult result, string kind)
    {
        Assert.Contains($"{kind}, TLSv1.", result.Output, StringComparison.Ordinal);
        Assert.DoesNotContain(kind == "New" ? "Reused, TLSv1." : "New, TLSv1.", result.Output, StringComparison.Ordinal);
    }
}
