using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using AspNetSpiffe.TestKit;
using AspNetSpiffe.Tests.Handshakes;
using AspNetSpiffe.Tests.Tokens;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace AspNetSpiffe.Tests.Modes;

/// <summary>Servers and clients in each mode of TLS, and a web authority that knows nothing of SPIFFE.</summary>
public abstract class ModeTest(ITestOutputHelper output) : TokenTest(output)
{
    /// <summary>How an endpoint gets its mode: by its name in the configuration, in code, or in code on a server without UseSpiffeMtls.</summary>
    public static TheoryData<string, string> Ways
    {
        get
        {
            var data = new TheoryData<string, string>();
            foreach (var way in new[] { "configuration", "code", "alone" })
                foreach (var version in new[] { "1.1", "2.0" })
                    data.Add(way, version);

            return data;
        }
    }

    /// <summary>The authority of the web.</summary>
    private protected TestPki Web { get; } = new("web.test");

    /// <summary>The roots of the web.</summary>
    private protected X509Certificate2Collection Roots => [Web.Root.Certificate];

    /// <summary>Makes a certificate of the web, which is not an SVID.</summary>
    private protected X509Certificate2 WebCertificate(string host = "localhost", TestPki? by = null) =>
        (by ?? Web).Leaf(leaf => leaf with { Subject = $"CN={host}", Uris = [], DnsNames = [host], ExtendedKeyUsages = [CertificateSpec.ServerAuth] }).Leaf;

    /// <summary>Starts a service with one endpoint; its mode is said in one of the <see cref="Ways"/>.</summary>
    protected Task<WebApplication> StartAsync(SpiffeServerMode mode, string way, Action<WebApplicationBuilder>? configure = null, Action<WebApplication>? map = null)
    {
        var builder = Builder();
        if (way == "alone") builder.Services.AddSpiffeServer();
        else builder.WebHost.UseSpiffeMtls();

        if (way == "configuration")
        {
            builder.Configuration["Kestrel:Endpoints:E:Url"] = "https://127.0.0.1:0";
            builder.Configuration["Spiffe:Endpoints:e:Mode"] = mode.ToString();
        }
        else if (way is "code" or "alone")
        {
            builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen => listen.UseSpiffe(mode)));
        }

        AddTokens(builder, null);
        configure?.Invoke(builder);
        return StartAsync(builder, app =>
        {
            app.MapGet("/who", Describe);
            app.MapGet("/certificate", (HttpContext http) => http.Connection.ClientCertificate?.SerialNumber ?? "none");
            app.MapGet("/guarded", Describe).RequireAuthorization(ClientId);
            app.MapGet("/token", Describe).RequireAuthorization(new AuthorizeAttribute(ClientId) { AuthenticationSchemes = "SpiffeJwt" });
            map?.Invoke(app);
        });
    }

    /// <summary>The address by the name of the host; the server's list of addresses knows no scheme of UseSpiffe.</summary>
    protected static Uri NamedAddressOf(WebApplication server) => new($"https://localhost:{new Uri(server.Urls.Single()).Port}");

    /// <summary>A client of the framework alone, which believes everybody, and shows a certificate to whoever asks for one.</summary>
    protected static HttpClient ForeignClient(WebApplication server, X509Svid? svid, string version) => new(AnyServer(svid))
    {
        BaseAddress = NamedAddressOf(server),
        DefaultRequestVersion = Version.Parse(version),
        DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
    };

    /// <summary>Says what a client sees of a handshake: the server's certificate, and whether its own was asked for and shown.</summary>
    protected async Task<(X509Certificate2 Server, bool Shown)> ShakeHandsAsync(WebApplication server, X509Svid svid)
    {
        using var socket = new TcpClient();
        await socket.ConnectAsync(IPAddress.Loopback, NamedAddressOf(server).Port, Timeout);
        await using var tls = new SslStream(socket.GetStream());
        var options = new Presented(svid.Leaf, [.. svid.Intermediates]).ToClientOptions();
        options.TargetHost = "localhost";
        await tls.AuthenticateAsClientAsync(options, Timeout);
        return (X509CertificateLoader.LoadCertificate(tls.RemoteCertificate!.GetRawCertData()), tls.IsMutuallyAuthenticated);
    }

    protected static string? SpiffeIdOf(X509Certificate2 certificate) => SubjectAltNames.TryReadOnlyUri(certificate, out var uri, out _) ? uri : null;

    protected async Task<X509Svid> SvidAsync(string workload = "client", DevAgent? agent = null) => (await SourceAsync(workload, agent)).Current!.DefaultSvid;

    /// <summary>Holds that a client's connection ends with the handshake.</summary>
    protected async Task AssertNoConnectionAsync(WebApplication server, X509Svid? svid, RejectionReason reason, string version = "1.1")
    {
        using var client = ForeignClient(server, svid, version);
        await AssertRefusedAsync(client, reason, svid?.Id.ToString(), version);
    }
}
