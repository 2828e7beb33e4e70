using System.Net;
using System.Net.Sockets;
using AspNetSpiffe.TestKit;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace AspNetSpiffe.InteropTests;

/// <summary>A service behind nginx, which ends mutual TLS with its own SVID and forwards the certificates of its clients.</summary>
public sealed class NginxTests(ITestOutputHelper output) : InteropTest(output)
{
    private DevAgent _agent = null!;

    private string NginxSocket => Path.Combine(Folder, "nginx.sock");

    private string ServiceSocket => Path.Combine(Folder, "service.sock");

    public override async ValueTask InitializeAsync() =>
        _agent = await StartAgentAsync(new DevAgentOptions { LoggerFactory = Loggers }.AddWorkload("service", "/service").AddWorkload("proxy", "/proxy").AddWorkload("client", "/client"));

    [Fact]
    public async Task Over_mutual_TLS_the_service_knows_both_the_client_and_the_proxy()
    {
        var service = await StartServiceAsync("spiffe://example.org/proxy");
        await StartNginxAsync($"https://{new Uri(service.Urls.Single(url => url.StartsWith("https:", StringComparison.Ordinal))).Authority}");

        Assert.Equal("caller /client, peer /proxy", await AskAsync(await SourceAsync("client"), "/caller"));
        Assert.Equal("caller /proxy, peer /proxy", await AskAsync(await SourceAsync("client"), "/peer"));
    }

    [Fact]
    public async Task Over_a_Unix_socket_the_service_knows_the_client_alone()
    {
        await StartServiceAsync("unix");
        await StartNginxAsync($"http://unix:{ServiceSocket}:");

        Assert.Equal("caller /client, peer", await AskAsync(await SourceAsync("client"), "/caller"));
    }

    [Fact]
    public async Task What_a_client_writes_into_the_headers_itself_is_lost()
    {
        await StartServiceAsync("unix");
        await StartNginxAsync($"http://unix:{ServiceSocket}:");
        var service = (await SourceAsync("service")).Current!.DefaultSvid.Leaf;
        var pem = Uri.EscapeDataString(service.ExportCertificatePem());

        Assert.Equal("caller /client, peer", await AskAsync(
            await SourceAsync("client"), "/caller",
            ("X-Client-Cert", pem), ("Client-Cert", $":{Convert.ToBase64String(service.RawData)}:"), ("X-Forwarded-Client-Cert", $"Cert=\"{pem}\"")));
    }

    private async Task<WebApplication> StartServiceAsync(string trusted)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders().SetMinimumLevel(LogLevel.Trace).AddProvider(Logs);
        builder.Configuration["Spiffe:EndpointSocket"] = _agent.AddressOf("service");
        builder.WebHost.UseSpiffeMtls().ConfigureKestrel(kestrel =>
        {
            kestrel.Listen(IPAddress.Loopback, 0, listen => listen.UseHttps());
            kestrel.ListenUnixSocket(ServiceSocket);
        });
        builder.Services.AddAuthentication().AddSpiffeForwarded(options =>
        {
            options.Format = ForwardedCertificateFormat.EscapedPem;
            options.TrustedProxies.Add(trusted);
        });
        var app = Stopping(builder.Build());
        app.MapGet("/caller", Describe).RequireAuthorization(new AuthorizeAttribute { AuthenticationSchemes = "SpiffeForwarded" });
        app.MapGet("/peer", Describe).RequireSpiffe();
        await app.StartAsync(Patience);
        return app;
    }

    private static string Describe(HttpContext http) => $"caller {http.GetSpiffeId()?.Path}, peer {http.GetSpiffePeer()?.Id.Path}".TrimEnd();

    // Of the other end nginx could check a DNS name only, which SVIDs do not have.
    private async Task StartNginxAsync(string upstream)
    {
        var proxy = PemFiles.Write(Path.Combine(Folder, "proxy"), (await SourceAsync("proxy")).Current!);

        // The directives of docs/forwarded-certificates.md; where it listens and what it shows, Nginx says itself.
        var page = CodeBlock.ReadAll("docs/forwarded-certificates.md").Single(static block => block.Language == "nginx").Text;
        var directives = page[page.IndexOf("ssl_client_certificate", StringComparison.Ordinal)..page.LastIndexOf('}')]
            .Replace("/run/spiffe/bundle.pem", proxy.Bundle, StringComparison.Ordinal).Replace("http://unix:/run/orders/orders.sock:", upstream, StringComparison.Ordinal);
        Stopping(await Nginx.StartAsync(Folder, NginxSocket, proxy, $"""
            proxy_ssl_certificate {proxy.Chain};
            proxy_ssl_certificate_key {proxy.Key};
            {directives}
            """, Patience));
    }

    private async Task<X509Source> SourceAsync(string workload) => await StartSourceAsync(_agent.AddressOf(workload));

    private async Task<string> AskAsync(X509Source identity, string path, params (string Name, string Value)[] headers)
    {
        using var handler = SpiffeHttpHandler.Create(identity, SpiffeIdPattern.Parse("spiffe://example.org/proxy"), http => http.ConnectCallback = async (_, token) =>
        {
            var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(NginxSocket), token);
            return new NetworkStream(socket, ownsSocket: true);
        });
        using var client = new HttpClient(handler);
        using var request = new HttpRequestMessage(HttpMethod.Get, $"https://nginx{path}");
        foreach (var (name, value) in headers) request.Headers.Add(name, value);
        using var response = await client.SendAsync(request, Patience);
        return response.IsSuccessStatusCode ? await response.Content.ReadAsStringAsync(Patience) : $"{(int)response.StatusCode}";
    }
}
