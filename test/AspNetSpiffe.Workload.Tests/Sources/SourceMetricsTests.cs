using System.Diagnostics.Metrics;
using System.Security.Cryptography.X509Certificates;
using AspNetSpiffe.TestKit;
using Google.Protobuf;
using Grpc.Core;
using Microsoft.Extensions.DependencyInjection;

namespace AspNetSpiffe.Workload.Tests.Sources;

/// <summary>What a listener to the meter learns of our SVIDs, the bundles, the watch and the tokens.</summary>
public sealed class SourceMetricsTests : SourceTest
{
    private const string Context = "spiffe.watch=x509_context spiffe.watch.origin=agent";

    private readonly ServiceProvider _services = new ServiceCollection().AddMetrics().BuildServiceProvider();
    private readonly MeterReadings _readings;
    private readonly SourceRegistry _registry;

    public SourceMetricsTests(ITestOutputHelper output) : base(output)
    {
        var factory = _services.GetRequiredService<IMeterFactory>();
        _readings = new(factory);
        _registry = new(factory);
    }

    protected override async ValueTask StopAsync()
    {
        await base.StopAsync();
        _readings.Dispose();
        await _services.DisposeAsync();
    }

    [Fact]
    public async Task Each_SVID_has_its_expiry_and_of_two_that_look_the_same_the_first_to_expire_counts()
    {
        ExpectWarning("SeveralSvids");
        var (web, sooner, later) = (Lasting("/web", 60), Lasting("/sooner", 10), Lasting("/later", 20));
        var response = Pki.Response([web, later, sooner]);
        response.Svids[0].Hint = "internal";
        await using var source = await StartAsync(response);

        Assert.Equal(["3"], _readings.Ask("spiffe.svid.count"));
        Assert.Equal(
            [$"{Expiry(web.Leaf)} spiffe.svid.hint=internal spiffe.svid.trust_domain=td", $"{Expiry(sooner.Leaf)} spiffe.svid.trust_domain=td"],
            _readings.Ask("spiffe.svid.not_after").Order(StringComparer.Ordinal).Reverse());

        Time.Advance(TimeSpan.FromMinutes(15));
        Assert.Equal(["2"], _readings.Ask("spiffe.svid.count"));
    }

    [Fact]
    public async Task Without_an_identity_there_are_no_SVIDs_and_no_expiry()
    {
        await using var source = Make();
        Assert.Equal(["0"], _readings.Ask("spiffe.svid.count"));
        source.Publish(new X509ContextReader(Time, new()).Read(Pki.Response(Pki.Leaf())));
        Assert.Equal(["1"], _readings.Ask("spiffe.svid.count"));

        source.Withdraw();
        Assert.Equal(["0"], _readings.Ask("spiffe.svid.count"));
        Assert.Empty(_readings.Ask("spiffe.svid.not_after"));
    }

    [Fact]
    public async Task Each_authority_of_each_bundle_has_its_expiry_by_its_key_and_is_told_once()
    {
        var partner = new TestPki("partner");
        await using var source = await StartAsync(Pki.Response([Pki.Leaf()], partner));
        await using var bundles = new X509BundleSource(new() { EndpointSocket = Agent.Address }, Loggers, _registry, Time);
        Agent.Greetings["FetchX509Bundles"] = Pki.BundlesResponse();
        bundles.Start();
        await bundles.WaitForFirstAsync(Patience);

        string Told(TestPki pki) =>
            $"{Expiry(pki.Root.Certificate)} spiffe.bundle.authority={pki.Root.Certificate.Extensions.OfType<X509SubjectKeyIdentifierExtension>().Single().SubjectKeyIdentifier} spiffe.bundle.trust_domain={pki.TrustDomain}";

        Assert.Equal(new[] { Told(Pki), Told(partner) }.Order(StringComparer.Ordinal), _readings.Ask("spiffe.bundle.authority.not_after").Order(StringComparer.Ordinal));
        await WaitForAsync("X509BundlesRenewed", Patience);
    }

    [Fact]
    public async Task A_source_that_is_gone_shows_nothing()
    {
        var source = await StartAsync(Pki.Response(Pki.Leaf()));
        await source.DisposeAsync();
        Assert.All(["spiffe.svid.count", "spiffe.svid.not_after", "spiffe.bundle.authority.not_after", "spiffe.watch.connected", "spiffe.watch.last_update"], name => Assert.Empty(_readings.Ask(name)));
    }

    [Fact]
    public async Task The_watch_shows_whether_the_agent_is_there_and_when_it_sent_something_good()
    {
        ExpectWarning("AgentUnavailable");
        ExpectWarning("UpdateRefused");
        await using var source = Make();
        Assert.Equal([$"0 {Context}"], _readings.Ask("spiffe.watch.connected"));
        Assert.Empty(_readings.Ask("spiffe.watch.last_update"));

        Agent.Send(Pki.Response(Pki.Leaf()));
        source.Start();
        await source.WaitForFirstAsync(Patience);
        await _readings.WaitForAsync("spiffe.watch.updates", 1, Patience);
        var good = Time.GetUtcNow().ToUnixTimeSeconds();
        Assert.Equal([$"1 {Context}"], _readings.Ask("spiffe.watch.connected"));
        Assert.Equal([$"{good} {Context}"], _readings.Ask("spiffe.watch.last_update"));

        Time.Advance(TimeSpan.FromSeconds(20));
        Agent.Send(new Wire.X509SVIDResponse());
        await _readings.WaitForAsync("spiffe.watch.updates", 2, Patience);
        Assert.Equal([$"1 {Context}"], _readings.Ask("spiffe.watch.connected"));

        Agent.OnEachCall = agent => agent.CloseWith(StatusCode.Unavailable);
        Agent.CloseWith(StatusCode.Unavailable);
        await _readings.WaitForAsync("spiffe.watch.failures", 1, Patience);
        await PassPauseAsync();
        await _readings.WaitForAsync("spiffe.watch.failures", 2, Patience);
        Assert.Equal([$"0 {Context}"], _readings.Ask("spiffe.watch.connected"));
        Assert.Equal([$"{good} {Context}"], _readings.Ask("spiffe.watch.last_update"));

        Assert.Equal([$"1 error.type=malformed {Context}", $"1 {Context}"], _readings.Sums("spiffe.watch.updates"));
        Assert.Equal([$"2 error.type=unavailable {Context}"], _readings.Sums("spiffe.watch.failures"));
        Assert.Equal(2, source.Status.History.Last!.Times);
    }

    [Fact]
    public async Task An_update_without_the_SVID_that_was_asked_for_is_one_that_cannot_be_used()
    {
        ExpectWarning("UpdateRefused");
        await using var source = Make(options => options.Hint = "mine");
        Agent.Send(Pki.Response(Pki.Leaf()));
        source.Start();
        await _readings.WaitForAsync("spiffe.watch.updates", 1, Patience);

        Assert.StartsWith("None of its SVIDs is the requested one", source.Status.History.Last!.Problem, StringComparison.Ordinal);
        Assert.Equal([$"1 error.type=svid_not_usable {Context}"], _readings.Sums("spiffe.watch.updates"));
    }

    [Fact]
    public async Task A_source_that_joins_a_stream_counts_the_update_that_it_takes_and_nothing_before_it()
    {
        await using var first = await StartAsync(Pki.Response(Pki.Leaf("/one")));
        Agent.Send(Pki.Response(Pki.Leaf("/two")));
        await _readings.WaitForAsync("spiffe.watch.updates", 2, Patience);

        await using var second = Make();
        second.Start();
        await _readings.WaitForAsync("spiffe.watch.updates", 3, Patience);
        Assert.Single(second.Status.History.Events);
        Assert.Equal(2, first.Status.History.Events.Length);
    }

    [Fact]
    public async Task A_list_of_revoked_certificates_shows_until_when_it_counts()
    {
        var (list, end) = (Path.GetTempFileName(), DateTimeOffset.FromUnixTimeSeconds(Time.GetUtcNow().ToUnixTimeSeconds() + 3600));
        await File.WriteAllBytesAsync(list, Pki.Root.List(1, end), Patience);
        await using var source = Make(options => options.Revocation.Lists["td"] = [list]);
        Agent.Send(Pki.Response(Pki.Leaf()));
        source.Start();
        await WaitForAsync("RevocationListTaken", Patience);
        await source.WaitForFirstAsync(Patience);

        Assert.Equal([$"{end.ToUnixTimeSeconds()} spiffe.bundle.trust_domain=td"], _readings.Ask("spiffe.revocation.list.next_update"));
        File.Delete(list);
    }

    [Fact]
    public async Task A_token_is_counted_by_whether_the_agent_was_asked_for_it()
    {
        await using var source = new JwtSource(new() { EndpointSocket = Agent.Address }, Loggers, Time, _registry);
        Agent.Send(new Wire.JWTSVIDResponse { Svids = { new Wire.JWTSVID { SpiffeId = "spiffe://td/web", Svid = new TestToken().ToString() } } });
        Agent.CloseWith(StatusCode.OK);
        for (var i = 0; i < 3; i++) await source.GetAsync("aud", cancellationToken: Patience);
        Agent.CloseWith(StatusCode.PermissionDenied);
        await Assert.ThrowsAsync<WorkloadApiException>(() => source.GetAsync("other", cancellationToken: Patience).AsTask());

        await source.DisposeAsync();
        Assert.Equal(
            ["1 error.type=permission_denied spiffe.token.source=agent", "1 spiffe.token.source=agent", "2 spiffe.token.source=cache"], _readings.Sums("spiffe.token.requests"));
    }

    private new X509Source Make(Action<SpiffeOptions>? change = null)
    {
        var options = new SpiffeOptions { EndpointSocket = Agent.Address };
        change?.Invoke(options);
        return new(options, Loggers, _registry, Time);
    }

    private async Task<X509Source> StartAsync(IMessage response)
    {
        Agent.Send(response);
        var source = Make();
        source.Start();
        await source.WaitForFirstAsync(Patience);
        await WaitForAsync("SvidRenewed", Patience);
        return source;
    }

    private TestSvid Lasting(string path, int minutes) => Pki.Leaf(spec => spec with { Uris = [$"spiffe://td{path}"], NotAfter = Time.GetUtcNow().AddMinutes(minutes) });

    private static long Expiry(X509Certificate2 certificate) => new DateTimeOffset(certificate.NotAfter).ToUnixTimeSeconds();
}
