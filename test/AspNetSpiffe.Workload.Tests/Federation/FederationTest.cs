using System.Diagnostics.Metrics;
using AspNetSpiffe.TestKit;
using Microsoft.Extensions.DependencyInjection;

namespace AspNetSpiffe.Workload.Tests.Federation;

/// <summary>A test with federated bundles, whose clock only the test moves. The trust domain <c>partner</c> federates with ours, <c>td</c>.</summary>
public abstract class FederationTest : LoggedTest
{
    protected const string EndpointId = "spiffe://partner/endpoint";

    private readonly List<IAsyncDisposable> _running = [];
    private readonly CancellationTokenSource _patience = new(HangLimit.OfATest);
    private readonly string _folder = Directory.CreateTempSubdirectory("federation-").FullName;
    private readonly ServiceProvider _services = new ServiceCollection().AddMetrics().BuildServiceProvider();
    private X509Context? _given;
    private int _asked;
    private int _files;

    protected FederationTest(ITestOutputHelper output) : base(output) => Readings = new(_services.GetRequiredService<IMeterFactory>());

    /// <summary>What was measured.</summary>
    protected MeterReadings Readings { get; }

    protected CancellationToken Patience => _patience.Token;

    protected ManualTime Time { get; } = new();

    protected TestPki Pki { get; } = new("td");

    protected TestPki Partner { get; } = new("partner", intermediates: 1);

    /// <summary>Signs the certificates of web servers.</summary>
    protected TestPki Web { get; } = new("web", root: root => root with { NotAfter = TimeProvider.System.GetUtcNow().AddDays(9) });

    /// <summary>Gives the bundles that come with our identity.</summary>
    protected void GiveIdentity(TestIdentity identity)
    {
        _given = new X509ContextReader(Time, new()).Read((Wire.X509SVIDResponse)identity.ToWire());
        foreach (var bundles in _running.OfType<BundleEndpoints>()) bundles.TakeIdentity(_given.TrustDomain, _given.Bundles);
    }

    protected override async ValueTask StopAsync()
    {
        Readings.Dispose();
        foreach (var running in Enumerable.Reverse(_running)) await running.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
        _patience.Dispose();
        await _services.DisposeAsync();
    }

    private protected async Task<BundleServer> ServeAsync(TestSvid certificate, SpiffeBundle? bundle = null)
    {
        var server = await BundleServer.StartAsync(certificate, bundle);
        _running.Add(server);
        return server;
    }

    /// <summary>Serves the bundle of the partner in the profile <c>https_web</c>.</summary>
    private protected Task<BundleServer> ServeWebAsync(SpiffeBundle? bundle = null) => ServeAsync(WebCertificate(), bundle ?? Bundle());

    /// <summary>Serves the bundle of the partner in the profile <c>https_spiffe</c>.</summary>
    private protected Task<BundleServer> ServeSpiffeAsync(SpiffeBundle? bundle = null) => ServeAsync(Partner.Leaf("/endpoint"), bundle ?? Bundle());

    /// <summary>Makes a certificate of the Web for our loopback address.</summary>
    protected TestSvid WebCertificate(Func<CertificateSpec, CertificateSpec>? change = null) => Web.Leaf(leaf =>
    {
        var spec = leaf with { Uris = [], IpAddresses = [System.Net.IPAddress.Loopback], Subject = "CN=web", NotAfter = Time.GetUtcNow().AddDays(9) };
        return change is null ? spec : change(spec);
    });

    protected SpiffeFederationOptions WebOptions(string url) => new() { Url = url, Profile = BundleEndpointProfile.HttpsWeb, RootsFile = Write(Web.Root.Certificate.ExportCertificatePem()) };

    protected SpiffeFederationOptions SpiffeOptions(string url, string id = EndpointId) => new()
    {
        Url = url,
        Profile = BundleEndpointProfile.HttpsSpiffe,
        EndpointId = id,
        BundleFile = id.StartsWith("spiffe://partner/", StringComparison.Ordinal) ? Write(Partner.Root.Certificate.ExportCertificatePem()) : null,
    };

    /// <summary>Makes a bundle of the partner.</summary>
    protected SpiffeBundle Bundle(ulong? sequence = null, TimeSpan? hint = null, params TestAuthority[] authorities) => new(
        new(Partner.TrustDomain, (authorities.Length == 0 ? [Partner.Root] : authorities).Select(authority => authority.Certificate)), new(Partner.TrustDomain, []), sequence, hint);

    private protected BundleEndpoints Make(params (string TrustDomain, SpiffeFederationOptions Options)[] entries)
    {
        var (endpoints, mistakes) = BundleEndpoint.ReadAll(entries.Select(entry => KeyValuePair.Create(entry.TrustDomain, entry.Options)), new() { MaxChainLength = 3 });
        Assert.Empty(mistakes);
        var bundles = new BundleEndpoints(endpoints, Loggers, Time, _services.GetRequiredService<IMeterFactory>().Create(SpiffeDiagnostics.MeterName));
        if (_given is not null) bundles.TakeIdentity(_given.TrustDomain, _given.Bundles);
        _running.Add(bundles);
        return bundles;
    }

    private protected BundleEndpoints Start(SpiffeFederationOptions options)
    {
        var bundles = Make(("partner", options));
        bundles.Start();
        return bundles;
    }

    /// <summary>Waits until an endpoint has been asked once more and the poll waits, and says for how long.</summary>
    protected async Task<TimeSpan> PollAsync()
    {
        await WaitForAsync("BundleAsked", Patience, ++_asked);
        return await Time.WaitForTimerAsync(Patience);
    }

    /// <summary>Lets the pause pass, and waits for the next poll.</summary>
    protected async Task<TimeSpan> NextPollAsync()
    {
        Time.Advance(await Time.WaitForTimerAsync(Patience));
        return await PollAsync();
    }

    protected string Write(string content)
    {
        var path = Path.Combine(_folder, $"{++_files}");
        File.WriteAllText(path, content);
        return path;
    }

    private protected static X509Bundle? X509Of(BundleEndpoints bundles) => bundles.Current.Bundles[TrustDomain.Parse("partner")]?.X509;

    /// <summary>How often an event was logged.</summary>
    protected int Logged(string eventName) => Logs.All.Count(r => r.Event.Name == eventName);
}
