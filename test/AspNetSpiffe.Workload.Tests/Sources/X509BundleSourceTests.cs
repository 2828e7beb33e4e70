using System.Net.Security;
using System.Security.Authentication;
using AspNetSpiffe.TestKit;
using Google.Protobuf;
using Grpc.Core;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace AspNetSpiffe.Workload.Tests.Sources;

/// <summary>The agent's newest X.509 bundles, for those who have no SVID: whatever the agent does, the last good ones stay.</summary>
public sealed class X509BundleSourceTests(ITestOutputHelper output) : AgentTest(output)
{
    private readonly TestPki _td = new("td");
    private readonly TestPki _partner = new("partner");
    private readonly ManualTime _time = new();
    private readonly List<X509BundleSource> _sources = [];

    protected override async ValueTask StopAsync()
    {
        foreach (var source in _sources) await source.DisposeAsync();
        await base.StopAsync();
    }

    [Fact]
    public async Task The_first_bundles_are_published_and_no_identity_is_asked_for()
    {
        var source = await StartGoodAsync();
        Assert.Equal(_td.Bundle, Assert.Single(source.Current!));
        Assert.Equal(Agent.Address, source.Address!.ToString());
        Assert.EndsWith("/FetchX509Bundles", Agent.Calls.Single().Path, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_next_bundles_replace_all_of_them()
    {
        var source = await StartGoodAsync();
        await NextAsync(source, () => Agent.Send(_td.BundlesResponse(_partner)));
        Assert.Equal(2, source.Current!.Count);
        await NextAsync(source, () => Agent.Send(_partner.BundlesResponse()));
        Assert.Null(source.Current!.Find(_td.TrustDomain));
        Assert.Same(source.Current, await source.WaitForFirstAsync(Patience));
    }

    [Fact]
    public async Task A_message_without_news_changes_nothing_and_one_that_is_refused_neither()
    {
        var source = await StartGoodAsync();
        var (before, token) = (source.Current, source.GetChangeToken());
        Agent.Send(_td.BundlesResponse());

        ExpectWarning("UpdateRefused");
        Agent.Send(new Wire.X509BundlesResponse { Bundles = { ["spiffe://td"] = ByteString.CopyFromUtf8("no certificate") } });
        await WaitForAsync("UpdateRefused", Patience);
        Assert.Same(before, source.Current);
        Assert.False(token.HasChanged);
        Assert.Single(Agent.Calls);
    }

    [Theory]
    [InlineData(StatusCode.OK)]
    [InlineData(StatusCode.Unavailable)]
    [InlineData(StatusCode.PermissionDenied)]
    public async Task A_stream_that_ends_takes_no_bundle_back_and_is_tried_again(StatusCode code)
    {
        ExpectWarning("AgentUnavailable");
        var source = await StartGoodAsync();
        var good = source.Current;
        Agent.CloseWith(code, "no");
        _time.Advance(await _time.WaitForTimerAsync(Patience));
        await Agent.WaitForCallAsync(2, Patience);
        Assert.Same(good, source.Current);
        await NextAsync(source, () => Agent.Send(_td.BundlesResponse(_partner)));
    }

    [Fact]
    public async Task An_agent_that_knows_no_bundles_ends_the_watch_and_the_waiting()
    {
        ExpectWarning("WatchGivenUp");
        Agent.CloseWith(StatusCode.Unimplemented, "no");
        var source = Start();
        Assert.Equal(StatusCode.Unimplemented, (await Assert.ThrowsAsync<WorkloadApiException>(() => source.WaitForFirstAsync(Patience))).StatusCode);
    }

    [Fact]
    public async Task Dispose_ends_the_stream_and_the_last_bundles_stay()
    {
        var source = await StartGoodAsync();
        await source.DisposeAsync();
        await Agent.Calls[0].WaitForCancelAsync(Patience);
        Assert.Single(source.Current!);

        var unused = Make();
        await unused.DisposeAsync();
        unused.Start();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => unused.WaitForFirstAsync(Patience));
        Assert.Single(Agent.Calls);
    }

    [Fact]
    public async Task A_program_without_a_host_waits_for_the_first_bundles_and_is_told_what_its_options_lack()
    {
        Agent.Send(_td.BundlesResponse());
        await using var source = await X509BundleSource.StartAsync(new() { EndpointSocket = Agent.Address }, Loggers, Patience);
        Assert.Equal(_td.TrustDomain, Assert.Single(source.Current!).TrustDomain);
        await Assert.ThrowsAsync<ArgumentException>(() => X509BundleSource.StartAsync(new() { EndpointSocket = Agent.Address, StartupTimeout = TimeSpan.Zero }, Loggers, Patience));
        await Assert.ThrowsAsync<FormatException>(() => X509BundleSource.StartAsync(new() { EndpointSocket = "nowhere" }, Loggers, Patience));
    }

    [Fact]
    public async Task Without_bundles_in_time_the_start_fails_and_says_why()
    {
        ExpectWarning("UpdateRefused");
        Agent.Send(new Wire.X509BundlesResponse());
        var source = Start();
        await WaitForAsync("UpdateRefused", Patience);
        AssertAbsent(source, $"There are no X.509 bundles yet: the SPIFFE Workload API at '{Agent.Address}' has given none since the source was started. Its last update was refused: The message has no bundle that can be read.");
        var waiting = source.RequireFirstAsync(TimeSpan.FromSeconds(1), Patience);
        _time.Advance(TimeSpan.FromSeconds(1));
        var e = await Assert.ThrowsAsync<InvalidOperationException>(() => waiting);
        Assert.StartsWith($"The SPIFFE Workload API at '{Agent.Address}' gave no X.509 bundles within 1 s. Its last update was refused:", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_host_has_one_source_that_begins_when_it_is_first_asked_for_and_ends_with_the_host()
    {
        Agent.Greeting = _td.BundlesResponse();
        await using (var host = new ServiceCollection()
            .AddSingleton<IConfiguration>(new ConfigurationBuilder().AddInMemoryCollection([new("Spiffe:EndpointSocket", Agent.Address)]).Build())
            .AddSingleton(Loggers)
            .AddSpiffeSources()
            .AddSpiffe()
            .BuildServiceProvider())
        {
            Assert.NotNull(host.GetRequiredService<X509Source>());
            Assert.Empty(Agent.Calls);
            await Assert.Single(host.GetServices<X509BundleSource>()).WaitForFirstAsync(Patience);
        }

        await Agent.Calls.Single().WaitForCancelAsync(Patience);
    }

    [Fact, Trait("Trial", "A-12")]
    public async Task Of_nine_thousand_bundles_one_is_decoded_and_those_that_come_again_are_the_same()
    {
        var (message, next) = (_td.BundlesResponse(), _td.BundlesResponse());
        var (der, other) = (ByteString.CopyFrom(_partner.BundleDer), ByteString.CopyFrom(new TestPki("other").BundleDer));
        for (var i = 0; i < 9_000; i++)
        {
            message.Bundles.Add($"spiffe://td-{i}", der);
            next.Bundles.Add($"spiffe://td-{i}", i == 4_711 ? other : der);
        }

        Agent.Send(message);
        var source = Start();
        var before = await source.WaitForFirstAsync(Patience);
        Assert.Equal(9_001, before.Count);
        Assert.Equal(_td.TrustDomain, Assert.Single(before, bundle => bundle.IsProven).TrustDomain);
        Assert.Equal(9_001, Assert.IsType<int>((await WaitForAsync("X509BundlesRenewed", Patience)).Values["Authorities"]));

        var after = await NextAsync(source, () => Agent.Send(next));
        Assert.Equal("td-4711", Assert.Single(after, bundle => !ReferenceEquals(bundle, before.Find(bundle.TrustDomain))).TrustDomain.Name);
        Assert.Single(after, bundle => bundle.IsProven);
    }

    [Fact, Trait("Trial", "A-12")]
    public async Task A_bundle_that_turns_out_to_be_none_trusts_nobody_and_says_so_when_it_is_needed()
    {
        ExpectWarning("UpdateRemark");
        var message = _td.BundlesResponse();
        message.Bundles.Add("spiffe://partner", ByteString.CopyFrom([.. _partner.BundleDer, 0x30, 3, 2, 1, 0]));
        Agent.Send(message);
        var source = Start();
        var partner = (await source.WaitForFirstAsync(Patience)).Find(_partner.TrustDomain)!;
        await WaitForAsync("X509BundlesRenewed", Patience);
        Assert.DoesNotContain(Logs.All, record => record.Event.Name == "UpdateRemark");
        Assert.Equal(RejectionReason.EmptyBundle, X509SvidVerifier.Verify(_partner.Leaf().Leaf, [], source.Current!, PeerRole.Server, _time.GetUtcNow()).Reason);
        Assert.Contains("The bundle of 'partner' cannot be read, and its workloads are refused.", (await WaitForAsync("UpdateRemark", Patience)).Message, StringComparison.Ordinal);
        Assert.Empty(partner.Authorities);
    }

    [Fact, Trait("Trial", "A-12")]
    public async Task A_message_without_a_bundle_that_can_be_decoded_is_refused_also_where_it_was_taken_unread_before()
    {
        ExpectWarning("UpdateRefused");
        AllowWarning("UpdateRemark");
        var malformed = ByteString.CopyFrom([0x30, 3, 2, 1, 0]);
        var message = _td.BundlesResponse();
        message.Bundles.Add("spiffe://partner", malformed);
        Agent.Send(message);
        var source = Start();
        var good = await source.WaitForFirstAsync(Patience);
        Agent.Send(new Wire.X509BundlesResponse { Bundles = { ["spiffe://partner"] = malformed } });
        Assert.Contains("no bundle that can be read", (await WaitForAsync("UpdateRefused", Patience)).Message, StringComparison.Ordinal);
        Assert.Same(good, source.Current);
    }

    private static void AssertAbsent(X509BundleSource source, string why) => Assert.Equal(
        why, Assert.Throws<AuthenticationException>(() => new SpiffeTls(source, () => SpiffeIdPattern.Any).Configure(new SslClientAuthenticationOptions())).Message);

    private X509BundleSource Make()
    {
        var source = new X509BundleSource(new() { EndpointSocket = Agent.Address }, Loggers, null, _time);
        _sources.Add(source);
        return source;
    }

    private X509BundleSource Start()
    {
        var source = Make();
        source.Start();
        return source;
    }

    private async Task<X509BundleSource> StartGoodAsync()
    {
        Agent.Send(_td.BundlesResponse());
        var source = Start();
        await source.WaitForFirstAsync(Patience);
        await WaitForAsync("X509BundlesRenewed", Patience);
        return source;
    }

    private async Task<X509BundleSet> NextAsync(X509BundleSource source, Action provoke)
    {
        var changed = source.GetChangeToken().ChangedAsync(Patience);
        provoke();
        await changed;
        return source.Current!;
    }
}
