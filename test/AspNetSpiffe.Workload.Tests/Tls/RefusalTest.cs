using System.Collections.Immutable;
using System.Diagnostics.Metrics;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using AspNetSpiffe.TestKit;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.Metrics.Testing;

namespace AspNetSpiffe.Workload.Tests.Tls;

/// <summary>A verifier of handshakes, with peers that it refuses; what it then logs and counts.</summary>
public abstract class RefusalTest : LoggedTest
{
    private readonly ServiceProvider _services = new ServiceCollection().AddMetrics().BuildServiceProvider();
    private readonly X509Source _source;
    private readonly MetricCollector<long> _rejections;
    private readonly string _list = Path.GetTempFileName();

    protected RefusalTest(ITestOutputHelper output) : base(output)
    {
        var meters = _services.GetRequiredService<IMeterFactory>();
        _rejections = new(meters, SpiffeDiagnostics.MeterName, "spiffe.peer.rejections");
        File.WriteAllBytes(_list, Listed.Root.List(1, null, Revoked.Leaf));
        var options = new SpiffeOptions { EndpointSocket = "unix:///no-agent.sock" };
        (options.Revocation.Lists[Listed.TrustDomain.Name], options.Revocation.Lists[Unlisted.TrustDomain.Name]) = ([_list], [_list]);
        _source = new(options, Loggers, new SourceRegistry(meters), Time);
        Verifier = new(_source, () => SpiffeIdPattern.Parse("spiffe://td/**"));
        Publish(Federated, Empty, Listed, Unlisted);
    }

    protected static TestPki Pki { get; } = new("td", intermediates: 1);

    protected static TestPki Federated { get; } = new("partner");

    /// <summary>A trust domain whose bundle is empty.</summary>
    protected static TestPki Empty { get; } = new("empty");

    /// <summary>A trust domain whose list of revoked certificates names one.</summary>
    protected static TestPki Listed { get; } = new("listed");

    protected static TestSvid Revoked { get; } = Listed.Leaf("/revoked");

    /// <summary>A trust domain that should have a list of revoked certificates, and has that of somebody else.</summary>
    protected static TestPki Unlisted { get; } = new("unlisted");

    protected static EndPoint Remote { get; } = new IPEndPoint(IPAddress.Parse("192.0.2.7"), 40123);

    protected ManualTime Time { get; } = new();

    internal HandshakeVerifier Verifier { get; }

    /// <summary>The refusals that were logged, at any level.</summary>
    protected IReadOnlyList<LogRecord> Refusals => [.. Logs.All.Where(r => r.Event.Name == "PeerRefused")];

    /// <summary>The refusals that were counted.</summary>
    protected IReadOnlyList<CollectedMeasurement<long>> Counted => _rejections.GetMeasurementSnapshot();

    public override async ValueTask InitializeAsync()
    {
        using var patience = new CancellationTokenSource(HangLimit.OfATest);
        _source.Revocation!.Start();
        await WaitForAsync("RevocationListTaken", patience.Token, times: 2);
    }

    protected override async ValueTask StopAsync()
    {
        _source.Dispose();
        await _source.Revocation!.DisposeAsync();
        File.Delete(_list);
        _rejections.Dispose();
        _services.Dispose();
        await base.StopAsync();
    }

    /// <summary>Gives us our SVID, and bundles of these trust domains beside our own.</summary>
    protected void Publish(params TestPki[] federated)
    {
        var response = Pki.Response(Pki.Leaf("/server"), federated);
        if (federated.Contains(Empty)) response.FederatedBundles[Empty.TrustDomain.Id.ToString()] = Google.Protobuf.ByteString.Empty;
        _source.Publish(new X509ContextReader(Time, new()).Read(response));
    }

    /// <summary>Takes our SVID and all bundles away.</summary>
    protected void Withdraw() => _source.Withdraw();

    protected VerificationResult Verify(TestSvid svid, EndPoint? remote = null) => Verify(svid.Leaf, svid.Intermediates, remote ?? Remote);

    /// <summary>Asks as SslStream does: with a chain that was built with the policy of our own trust domain.</summary>
    protected VerificationResult Verify(X509Certificate2? leaf, ImmutableArray<X509Certificate2> intermediates, EndPoint? remote, PeerRole role = PeerRole.Client)
    {
        if (leaf is null) return Told(Verifier.Verify(null, null, role, remote));

        using var chain = new X509Chain { ChainPolicy = Pki.Bundle.CreateChainPolicy(Time.GetUtcNow()) };
        if (_source.Current?.Bundles.Find(Pki.TrustDomain) is { } bundle) chain.ChainPolicy = bundle.CreateChainPolicy(Time.GetUtcNow());
        chain.ChainPolicy.ApplicationPolicy.Add(new(role == PeerRole.Client ? CertificateSpec.ClientAuth : CertificateSpec.ServerAuth));

        // Copies: the verifier disposes what came over the wire.
        foreach (var sent in intermediates) chain.ChainPolicy.ExtraStore.Add(X509CertificateLoader.LoadCertificate(sent.RawData));
        Build(chain, leaf);
        return Told(Verifier.Verify(leaf, chain, role, remote));
    }

    /// <summary>Waits until the refusal was logged and counted, which happens after it.</summary>
    private VerificationResult Told(VerificationResult result)
    {
        var told = new TaskCompletionSource();
        _source.Notifications.Post(told.SetResult);
        told.Task.Wait();
        return result;
    }

    private static void Build(X509Chain chain, X509Certificate2 leaf)
    {
        try
        {
            chain.Build(leaf);
        }
        catch (CryptographicException)
        {
            // SslStream would end the handshake here.
        }
    }
}
