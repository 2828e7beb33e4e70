using System.Diagnostics.Metrics;
using AspNetSpiffe.TestKit;
using Microsoft.Extensions.DependencyInjection;

namespace AspNetSpiffe.Tests.Diagnostics;

/// <summary>What the meter says of a server's connections; and that nothing is measured that is not declared.</summary>
public sealed class ServerMetricsTests(ITestOutputHelper output) : MeshTest(output)
{
    [Fact]
    public async Task Open_connections_are_counted_by_the_trust_domain_of_the_peer()
    {
        var server = await StartServerAsync();
        using var readings = new MeterReadings(server.Services.GetRequiredService<IMeterFactory>());
        Assert.Empty(readings.Ask("spiffe.server.active_connections"));

        using var client = await ClientAsync(server);
        using var admin = await ClientAsync(server, "admin");
        await GetAsync(client);
        await GetAsync(admin);
        Assert.Equal(["2 spiffe.peer.trust_domain=example.org"], readings.Ask("spiffe.server.active_connections"));

        await server.StopAsync(Timeout);
        Assert.Empty(readings.Ask("spiffe.server.active_connections"));
    }

    [Fact]
    public async Task Whatever_is_measured_is_declared_with_its_unit_and_its_tags()
    {
        var stranger = await StartAgentAsync("elsewhere.test", "stranger");
        var server = await StartServerAsync();
        using var readings = new MeterReadings(server.Services.GetRequiredService<IMeterFactory>());
        using var client = await ClientAsync(server);
        using var refused = await ClientAsync(server, "stranger", stranger, "spiffe:any");
        await GetAsync(client);
        await Assert.ThrowsAnyAsync<Exception>(() => GetAsync(refused));
        await readings.WaitForAsync("spiffe.peer.rejections", 1, Timeout);
        await readings.WaitForAsync("spiffe.peer.handshakes", 1, Timeout);
        readings.Ask("");

        var declared = DeclaredMetric.In(typeof(X509Source).Assembly, typeof(SpiffeToken).Assembly).ToDictionary(metric => metric.Name);
        Assert.All(readings.All, reading =>
        {
            Assert.Equal(declared[reading.Name].Unit, reading.Unit);
            Assert.Subset(declared[reading.Name].Tags.ToHashSet(), reading.Tags.Select(tag => tag.Key).ToHashSet());
        });
        Assert.Contains(readings.All, reading => reading is { Name: "spiffe.peer.verification.duration", Value: > 0 and < 60 });
        Assert.Superset(
            new HashSet<string> { "spiffe.peer.handshakes", "spiffe.peer.rejections", "spiffe.svid.count", "spiffe.svid.not_after", "spiffe.bundle.authority.not_after", "spiffe.watch.connected", "spiffe.watch.last_update", "spiffe.server.active_connections" },
            readings.All.Select(reading => reading.Name).ToHashSet());
    }
}
