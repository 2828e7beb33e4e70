using System.Diagnostics.Metrics;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.Metrics.Testing;

namespace AspNetSpiffe.Tests.Kestrel;

/// <summary>Each reason for a connection to end counts by itself, and each option switches one of them.</summary>
public sealed class EndingReasonsTests(ITestOutputHelper output) : PeerLifeTest(output)
{
    private const string Nobody = "spiffe://example.org/nobody";

    private static readonly (string, string?) KeepExpired = ("Spiffe:CloseWhenExpired", "false");
    private static readonly (string, string?) KeepUntrusted = ("Spiffe:CloseWhenUntrusted", "false");
    private static readonly (string, string?) KeepDisallowed = ("Spiffe:CloseWhenDisallowed", "false");

    [Fact, Trait("Trial", "M-04")]
    public async Task EndExpired_keeps_expired_peers_and_nothing_else_does()
    {
        var server = await StartAsync(KeepExpired);
        await using var peer = await ConnectAsync(server, Peer(TimeSpan.FromMinutes(5)));
        Assert.Equal("200", await peer.GetAsync("/", Timeout));
        Expire(server);
        Assert.Equal("200", await peer.GetAsync("/", Timeout));
    }

    [Fact, Trait("Trial", "M-04")]
    public async Task EndUntrusted_keeps_peers_whose_CA_has_left_and_nothing_else_does()
    {
        var server = await StartAsync(KeepUntrusted);
        await using var peer = await ConnectAsync(server, Peer(TimeSpan.FromMinutes(5)));
        Assert.Equal("200", await peer.GetAsync("/", Timeout));
        await RetireAsync(server);
        Assert.Equal("200", await peer.GetAsync("/", Timeout));
    }

    [Fact, Trait("Trial", "M-04")]
    public async Task EndDisallowed_keeps_peers_that_are_no_longer_allowed_and_nothing_else_does()
    {
        var server = await StartAsync(KeepDisallowed);
        await using var peer = await ConnectAsync(server, Peer(TimeSpan.FromMinutes(5)));
        Assert.Equal("200", await peer.GetAsync("/", Timeout));
        Disallow(server);
        Assert.Equal("200", await peer.GetAsync("/", Timeout));
    }

    [Theory, Trait("Trial", "M-04")]
    [InlineData(RejectionReason.Expired)]
    [InlineData(RejectionReason.NotTrusted)]
    [InlineData(RejectionReason.NotAllowed)]
    public async Task The_other_two_switches_do_not_keep_a_peer(RejectionReason reason)
    {
        (string, string?)[] switches = [KeepExpired, KeepUntrusted, KeepDisallowed];
        var own = reason switch { RejectionReason.Expired => 0, RejectionReason.NotTrusted => 1, _ => 2 };
        var server = await StartAsync([.. switches.Where((_, i) => i != own), ("Spiffe:CloseBeforeExpiry", "0:00:00")]);
        await using var peer = await ConnectAsync(server, Peer(TimeSpan.FromMinutes(5)));
        Assert.Equal("200", await peer.GetAsync("/", Timeout));

        await MakeTrueAsync(server, reason);
        await AssertEndedAsync(peer, reason);
    }

    [Theory, Trait("Trial", "H-05"), Trait("Spec", "XV-ab")]
    [InlineData("Spiffe:CloseWhenExpired", RejectionReason.Expired, RejectionReason.NotAllowed)]
    [InlineData("Spiffe:CloseWhenExpired", RejectionReason.Expired, RejectionReason.NotTrusted)]
    [InlineData("Spiffe:CloseWhenUntrusted", RejectionReason.NotTrusted, RejectionReason.NotAllowed)]
    [InlineData("Spiffe:CloseWhenUntrusted", RejectionReason.NotTrusted, RejectionReason.Expired)]
    [InlineData("Spiffe:CloseWhenDisallowed", RejectionReason.NotAllowed, RejectionReason.Expired)]
    [InlineData("Spiffe:CloseWhenDisallowed", RejectionReason.NotAllowed, RejectionReason.NotTrusted)]
    public async Task A_reason_that_is_switched_off_hides_no_other(string key, RejectionReason hidden, RejectionReason reason)
    {
        var server = await StartAsync((key, "false"), ("Spiffe:CloseBeforeExpiry", "0:00:00"));
        await using var peer = await ConnectAsync(server, Peer(TimeSpan.FromMinutes(5)));
        Assert.Equal("200", await peer.GetAsync("/", Timeout));
        await MakeTrueAsync(server, hidden);
        Assert.Equal("200", await peer.GetAsync("/", Timeout));

        await MakeTrueAsync(server, reason);
        await AssertEndedAsync(peer, reason);
    }

    [Fact, Trait("Trial", "H-05")]
    public async Task All_reasons_are_named()
    {
        var server = await StartAsync(KeepExpired, KeepDisallowed);
        using var ended = new MetricCollector<long>(server.Services.GetRequiredService<IMeterFactory>(), SpiffeDiagnostics.MeterName, "spiffe.server.connections.ended");
        await using var peer = await ConnectAsync(server, Peer(TimeSpan.FromMinutes(5)));
        Assert.Equal("200", await peer.GetAsync("/", Timeout));
        Expire(server);
        Disallow(server);
        Reload(server, ("Spiffe:CloseWhenExpired", "true"), ("Spiffe:CloseWhenDisallowed", "true"));

        Assert.Equal("Expired, NotAllowed", (await WaitForAsync("PeerConnectionEnded", Timeout)).Values["Reason"]);
        Assert.Equal(["expired"], ended.GetMeasurementSnapshot().Select(m => m.Tags["error.type"]));
    }

    [Theory, Trait("Trial", "M-05")]
    [InlineData("Spiffe:CloseWhenExpired", RejectionReason.Expired)]
    [InlineData("Spiffe:CloseWhenUntrusted", RejectionReason.NotTrusted)]
    [InlineData("Spiffe:CloseWhenDisallowed", RejectionReason.NotAllowed)]
    public async Task A_reload_that_changes_only_a_switch_takes_effect(string key, RejectionReason reason)
    {
        var server = await StartAsync((key, "false"));
        await using var peer = await ConnectAsync(server, Peer(TimeSpan.FromMinutes(5)));
        Assert.Equal("200", await peer.GetAsync("/", Timeout));
        await MakeTrueAsync(server, reason);
        Assert.Equal("200", await peer.GetAsync("/", Timeout));

        // By itself, without anyone who looks.
        server.Configuration[key] = "true";
        ((Microsoft.Extensions.Configuration.IConfigurationRoot)server.Configuration).Reload();
        await AssertEndedAsync(peer, reason);
    }

    [Fact, Trait("Trial", "M-05")]
    public async Task A_reload_that_changes_only_the_drain_time_takes_effect()
    {
        var started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var server = await StartAsync(app => app.MapGet("/endless", async (HttpContext http) =>
        {
            started.SetResult();
            await Task.Delay(System.Threading.Timeout.Infinite, http.RequestAborted);
        }));
        await using var peer = await ConnectAsync(server, Peer(TimeSpan.FromHours(1)));
        await peer.SendAsync("/endless", Timeout);
        await started.Task.WaitAsync(Timeout);
        Disallow(server);
        await WaitForAsync("PeerConnectionEnded", Timeout);

        Reload(server, ("Spiffe:DrainTimeout", "0:00:05"));
        Time.Advance(TimeSpan.FromSeconds(4));
        Assert.DoesNotContain(Logs.All, record => record.Event.Name == "PeerConnectionAborted");
        Time.Advance(TimeSpan.FromSeconds(2));
        await WaitForAsync("PeerConnectionAborted", Timeout);
    }

    [Theory]
    [InlineData("CloseWhenExpired", "false")]
    [InlineData("CloseWhenUntrusted", "false")]
    [InlineData("CloseWhenDisallowed", "false")]
    [InlineData("CloseBeforeExpiry", "0:00:10")]
    [InlineData("DrainTimeout", "0:00:05")]
    public async Task A_reload_that_changes_one_setting_only_is_told_to_who_waits_for_it(string key, string value)
    {
        var server = await StartAsync();
        var token = server.Services.GetRequiredService<AllowedPeers>().GetChangeToken();
        Reload(server);
        Assert.False(token.HasChanged);
        Reload(server, ($"Spiffe:{key}", value));
        Assert.True(token.HasChanged);
    }

    private async Task MakeTrueAsync(WebApplication server, RejectionReason reason)
    {
        if (reason == RejectionReason.Expired) Expire(server);
        else if (reason == RejectionReason.NotTrusted) await RetireAsync(server);
        else Disallow(server);
    }

    private void Expire(WebApplication server)
    {
        Time.Advance(TimeSpan.FromMinutes(5) + TimeSpan.FromSeconds(2));
        Check(server);
    }

    private async Task RetireAsync(WebApplication server)
    {
        await RetirePeersAsync(server);
        Check(server);
    }

    private static void Disallow(WebApplication server) => Reload(server, ("Spiffe:AllowedPeers:0", Nobody));

    private async Task AssertEndedAsync(RawHttp2 peer, RejectionReason reason)
    {
        Assert.Equal(reason, (await WaitForAsync("PeerConnectionEnded", Timeout)).Values["Reason"]);
        await peer.WaitForGoAwayAsync(Timeout);
    }
}
