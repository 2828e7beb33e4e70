using AspNetSpiffe.TestKit;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace AspNetSpiffe.InteropTests;

/// <summary>The bundle of a service behind nginx, which has a certificate of the Web: federation in the profile <c>https_web</c>.</summary>
public sealed class NginxBundleTests(ITestOutputHelper output) : InteropTest(output)
{
    private readonly TestPki _web = new("web", intermediates: 1);
    private DevAgent _theirs = null!;
    private UnixRelay _relay = null!;

    private string NginxSocket => Path.Combine(Folder, "nginx.sock");

    private string ServiceSocket => Path.Combine(Folder, "service.sock");

    public override async ValueTask InitializeAsync()
    {
        _theirs = await StartAgentAsync(new DevAgentOptions { LoggerFactory = Loggers, TrustDomain = TrustDomain.Parse("partner.example") }.AddWorkload("service", "/service"));
        await StartServiceAsync();
        await StartNginxAsync();
        _relay = Stopping(new UnixRelay(NginxSocket));
    }

    [Theory, Trait("Spec", "FD-02"), Trait("Spec", "FD-09")]
    [InlineData("/bundle.json", 1)]
    [InlineData("/moved", 2)]
    public async Task A_bundle_is_fetched_through_a_server_of_the_Web(string path, int requests)
    {
        var source = await StartAsync($"https://localhost:{_relay.Port}{path}");
        await UntilAsync(source, _theirs.X509Authorities.Length);
        Assert.Equal(_theirs.X509Authorities[0].Thumbprint, source.Current!.Bundles.Find(_theirs.TrustDomain)!.Authorities[0].Thumbprint);
        Assert.Equal(requests, $"{(await WaitForAsync("BundleFetched", Patience)).Values["Urls"]}".Split(" → ").Length);
    }

    [Fact, Trait("Spec", "FD-09")]
    public async Task A_server_without_a_certificate_for_its_host_brings_none()
    {
        ExpectWarning("BundleNotFetched");
        var source = await StartAsync($"https://127.0.0.1:{_relay.Port}/bundle.json");
        Assert.Contains("RemoteCertificateNameMismatch", (await WaitForAsync("BundleNotFetched", Patience)).Message, StringComparison.Ordinal);
        Assert.Null(source.Current!.Bundles.Find(_theirs.TrustDomain));
    }

    private async Task<X509Source> StartAsync(string url)
    {
        var ours = await StartAgentAsync(new DevAgentOptions { LoggerFactory = Loggers }.AddWorkload("client", "/client"));
        var roots = Path.Combine(Folder, "roots.pem");
        await File.WriteAllTextAsync(roots, _web.Root.Certificate.ExportCertificatePem(), Patience);
        var options = new SpiffeOptions { EndpointSocket = ours.AddressOf("client") };
        options.Federation["partner.example"] = new() { Url = url, Profile = BundleEndpointProfile.HttpsWeb, RootsFile = roots };
        return Stopping(await X509Source.StartAsync(options, Loggers, Patience));
    }

    private async Task UntilAsync(X509Source source, int authorities)
    {
        while (true)
        {
            var changed = source.GetChangeToken();
            if (source.Current!.Bundles.Find(_theirs.TrustDomain)?.Authorities.Length == authorities) return;
            await changed.ChangedAsync(Patience);
        }
    }

    private async Task StartServiceAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders().SetMinimumLevel(LogLevel.Trace).AddProvider(Logs);
        builder.Configuration["Spiffe:EndpointSocket"] = _theirs.AddressOf("service");
        builder.Services.AddSpiffe();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.ListenUnixSocket(ServiceSocket));
        var app = Stopping(builder.Build());
        app.MapSpiffeBundle("/bundle.json");
        await app.StartAsync(Patience);
        await app.Services.GetRequiredService<JwtBundleSource>().WaitForFirstAsync(Patience);
    }

    private async Task StartNginxAsync()
    {
        var certificate = _web.Leaf(leaf => leaf with { Uris = [], Subject = "CN=localhost", DnsNames = ["localhost"] });
        var files = PemFiles.Write(Path.Combine(Folder, "web"), certificate.Leaf, certificate.Intermediates, _web.Authorities);
        Stopping(await Nginx.StartAsync(Folder, NginxSocket, files, $$"""
            absolute_redirect off;
            location = /moved { return 302 /bundle.json; }
            location / { proxy_pass http://unix:{{ServiceSocket}}:; }
            """, Patience));
    }
}
