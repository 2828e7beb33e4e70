using System.Globalization;
using System.Net.Security;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using AspNetSpiffe.TestKit;

namespace AspNetSpiffe.InteropTests;

/// <summary>The alert rules, with the metrics of the sample's service: while all is well, while strangers knock, and after its agent was killed.</summary>
public sealed partial class AlertTests(ITestOutputHelper output) : InteropTest(output)
{
    [Fact]
    public async Task They_are_silent_while_all_is_well_and_fire_when_peers_are_refused_and_when_the_agent_is_killed()
    {
        var sockets = Path.Combine(Folder, "agent");
        var agent = Stopping(BuiltProgram.Start([], "AspNetSpiffe.Cli", "aspnet-spiffe", "agent", "--workload", "orders=/ns/shop/sa/orders", "--workload", "checkout=/ns/shop/sa/checkout", "--directory", sockets));
        await agent.ReadUntilAsync("checkout.sock", Patience);
        var orders = Stopping(await StartAsync("orders", new() { ["ASPNETCORE_URLS"] = "https://127.0.0.1:0;http://127.0.0.1:0" }));
        var server = Listening().Match(await orders.ReadUntilAsync("listening on: https:", Patience)).Groups[1].Value;
        var metrics = new Uri($"http://{Listening().Match(await orders.ReadUntilAsync("listening on: http:", Patience)).Groups[1].Value}/metrics");
        var checkout = Stopping(await StartAsync("checkout", new() { ["ASPNETCORE_URLS"] = "http://127.0.0.1:0", ["Orders__Url"] = $"https://{server}", ["Orders__Interval"] = "00:00:00.1" }));
        Assert.Contains("Order 1, for spiffe://example.org/ns/shop/sa/checkout", await checkout.ReadUntilAsync("Answer: ", Patience), StringComparison.Ordinal);

        var calm = await Scrape.UntilAsync(metrics, static scrape => scrape.Sum("spiffe_peer_handshakes_total") >= 1, Patience);
        for (var i = 0; i < 20; i++) await KnockAsync(server);
        var refused = await Scrape.UntilAsync(metrics, static scrape => scrape.Sum("spiffe_peer_rejections_total", "\"no_certificate\"") == 20, Patience);
        await agent.KillAsync();
        var away = await Scrape.UntilAsync(metrics, static scrape => scrape.Sum("spiffe_watch_connected", "\"x509_context\"") == 0, Patience);

        // Without its agent it serves on: who restarted it now would take its last SVID away.
        using (var probe = new HttpClient()) Assert.Equal("Degraded", await probe.GetStringAsync(new Uri(metrics, "/healthz/ready"), Patience));

        // The SVID lives for an hour from the first scrape on, and nobody renews it.
        await AssertFiringAsync([(calm, 15), (refused, 5), (away, 50)], calm.Time,
            (14, []),
            (16, ["SpiffeRejectionsJump"]),
            (27, ["SpiffeAgentAway"]),
            (56, ["SpiffeAgentAway", "SpiffeSvidExpires"]),
            (63, ["SpiffeAgentAway", "SpiffeIdentityMissing"]));

        // The same, half an hour before the authority expires.
        var authority = calm.Sum("spiffe_bundle_authority_not_after_seconds")!.Value;
        await AssertFiringAsync([(calm, 20)], DateTimeOffset.FromUnixTimeSeconds((long)authority - 1800), (10, ["SpiffeBundleExpires", "SpiffeIdentityMissing"]));
    }

    [Fact]
    public async Task Each_other_rule_fires_on_what_it_is_for_and_on_nothing_else() => Assert.Empty(await TestAsync(
        Case("spiffe_svid_count", "0+0x10", 5, "SpiffeIdentityMissing"),
        Case("spiffe_watch_updates_total{spiffe_watch=\"x509_context\",error_type=\"malformed\"}", "_x5 1+0x30", 10, "SpiffeUpdatesRefused"),
        Case("spiffe_watch_updates_total{spiffe_watch=\"x509_context\",error_type=\"malformed\"}", "_x5 1+0x30", 30),
        Case("spiffe_watch_updates_total{spiffe_watch=\"x509_context\"}", "0+1x30", 30),
        Case("spiffe_federation_fetches_total{spiffe_bundle_trust_domain=\"partner.test\",error_type=\"timeout\"}", "0+1x200", 130, "SpiffeFederationFails"),
        new(new Dictionary<string, string> { ["spiffe_federation_fetches_total{error_type=\"timeout\"}"] = "0+1x200", ["spiffe_federation_fetches_total"] = "0+1x200" }, [(130, [])]),
        Case("spiffe_revocation_list_next_update_seconds{spiffe_bundle_trust_domain=\"partner.test\"}", "600+0x30", 9),
        Case("spiffe_revocation_list_next_update_seconds{spiffe_bundle_trust_domain=\"partner.test\"}", "600+0x30", 11, "SpiffeRevocationListOutdated"),
        Case("spiffe_peer_rejections_total{error_type=\"expired\"}", "_x5 30+0x60", 6, "SpiffeRejectionsJump"),
        Case("spiffe_peer_rejections_total{error_type=\"expired\"}", "_x5 10+0x60", 6),
        Case("spiffe_peer_rejections_total{error_type=\"expired\"}", "0+5x120", 120),
        Case("spiffe_peer_rejections_total{error_type=\"expired\"}", "0+1x90 90+50x10", 95, "SpiffeRejectionsJump")));

    [Fact]
    public async Task An_alert_that_does_not_fire_or_fires_too_early_is_found()
    {
        Assert.Contains("SpiffeIdentityMissing", await TestAsync(Case("spiffe_svid_count", "1+0x10", 5, "SpiffeIdentityMissing")), StringComparison.Ordinal);
        Assert.Contains("SpiffeIdentityMissing", await TestAsync(Case("spiffe_svid_count", "0+0x10", 5)), StringComparison.Ordinal);
    }

    /// <summary>Feeds the rules what was scraped, each scrape for so many minutes, on a clock that begins at a given time.</summary>
    private async Task AssertFiringAsync((Scrape Scrape, int Minutes)[] phases, DateTimeOffset begin, params (int Minute, string[] Firing)[] expected)
    {
        var series = phases.SelectMany(static phase => phase.Scrape.Values.Keys).Where(static series => series.StartsWith("spiffe_", StringComparison.Ordinal)).Distinct()
            .ToDictionary(static series => series, series => string.Join(' ', phases.Select(phase => ValuesOf(phase.Scrape, series, phase.Minutes, begin))));
        Assert.Empty(await TestAsync(new AlertCase(series, expected)));
    }

    private static AlertCase Case(string series, string values, int minute, params string[] firing) => new(new Dictionary<string, string> { [series] = values }, [(minute, firing)]);

    private async Task<string> TestAsync(params AlertCase[] cases) => await new Promtool(Folder).TestAsync(await Manifests.AlertRulesAsync(Patience), cases, Patience);

    // Prometheus' clock begins at 0 in a test; so what is a time in seconds is counted from the same moment.
    private static string ValuesOf(Scrape scrape, string series, int minutes, DateTimeOffset begin)
    {
        if (!scrape.Values.TryGetValue(series, out var value)) return $"_x{minutes}";
        var isTime = TimeNames().IsMatch(Scrape.NameOf(series));
        return string.Create(CultureInfo.InvariantCulture, $"{(isTime ? value - begin.ToUnixTimeSeconds() : value)}+0x{minutes - 1}");
    }

    /// <summary>Starts an application of samples/Deploy with the variables that its pods have; only where it listens, and the agent's socket, are the test's.</summary>
    private async Task<OutsideProgram> StartAsync(string application, Dictionary<string, string?> own)
    {
        var environment = Manifests.VariablesOf(await Manifests.CheckAsync(await Manifests.KustomizeAsync("kustomize/spire", Patience), Patience), application);
        Assert.Contains("Spiffe__EndpointSocket", environment);
        environment["Spiffe__EndpointSocket"] = $"unix://{Path.Combine(Folder, "agent", application)}.sock";
        foreach (var (name, value) in own) environment[name] = value;
        var project = application == "orders" ? "Deploy.Service" : "Deploy.Client";
        // Where its appsettings.json is.
        environment["ASPNETCORE_CONTENTROOT"] = Repository.PathOf("artifacts", "bin", project, BuiltProgram.Configuration);
        return BuiltProgram.Start(environment, project, application);
    }

    // A stranger without an SVID: whoever scans ports.
    private async Task KnockAsync(string server)
    {
        using var socket = new TcpClient();
        await socket.ConnectAsync(System.Net.IPEndPoint.Parse(server), Patience);
        await using var tls = new SslStream(socket.GetStream(), leaveInnerStreamOpen: false, static (_, _, _, _) => true);
        try
        {
            await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = "orders" }, Patience);
            Assert.Equal(0, await tls.ReadAsync(new byte[1], Patience));
        }
        catch (Exception e) when (e is IOException or System.Security.Authentication.AuthenticationException)
        {
            // Refused, before or after the client's own part is done.
        }
    }

    [GeneratedRegex("(?:not_after|last_update|next_update)_seconds$")]
    private static partial Regex TimeNames();

    [GeneratedRegex("https?://(.+)$")]
    private static partial Regex Listening();
}
