using Grpc.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace AspNetSpiffe.Workload.Tests.Hosting;

/// <summary>The check 'spiffe-identity': have we an identity, until when, and what is wrong.</summary>
public sealed class IdentityHealthTests(ITestOutputHelper output) : HealthTest(output)
{
    private const string Name = "spiffe-identity";

    [Fact]
    public async Task A_valid_SVID_is_healthy_and_the_data_say_whose_it_is_and_until_when()
    {
        Build();
        var source = await StartAsync();

        var entry = await CheckAsync(Name);
        AssertIs(HealthStatus.Healthy, "The SVID 'spiffe://td/web' is valid until ", entry);
        Assert.Equal("spiffe://td/web", entry.Data["spiffeId"]);
        Assert.Equal(source.Current!.DefaultSvid.NotAfter, entry.Data["notAfter"]);
        Assert.Equal(Time.GetUtcNow(), entry.Data["lastUpdate"]);
        Assert.Contains(Agent.Address, entry.Data["origin"].ToString(), StringComparison.Ordinal);
        Assert.Equal(["ready"], entry.Tags);
        Assert.DoesNotContain("lastError", entry.Data.Keys);
    }

    [Fact]
    public async Task While_the_agent_is_away_a_valid_SVID_is_degraded_and_says_for_how_long_it_lasts_and_why()
    {
        ExpectWarning("AgentUnavailable");
        Build();
        await StartAsync(Lasting(minutes: 30));
        await LoseAgentAsync();

        var entry = await CheckAsync(Name);
        AssertIs(HealthStatus.Degraded, "The SVID 'spiffe://td/web' is valid until ", entry);
        Assert.Contains($", and has not been renewed. The SPIFFE Workload API at '{Agent.Address}' reports an error. ", entry.Description, StringComparison.Ordinal);
        Assert.Contains("away for tests", entry.Data["lastError"].ToString(), StringComparison.Ordinal);
        Assert.InRange((TimeSpan)entry.Data["remaining"], TimeSpan.FromMinutes(28), TimeSpan.FromMinutes(31));
    }

    [Fact]
    public async Task An_agent_that_has_come_back_is_healthy_again()
    {
        ExpectWarning("AgentUnavailable");
        Build();
        await StartAsync(Lasting(minutes: 30));
        await LoseAgentAsync();

        Agent.OnEachCall = null;
        Agent.Send(Pki.Response(Pki.Leaf("/web")));
        await Time.WaitForTimerAsync(Patience, TimeSpan.FromSeconds(30));
        Time.Advance(TimeSpan.FromSeconds(30));
        await Readings.WaitForAsync("spiffe.watch.updates", 2, Patience);
        AssertIs(HealthStatus.Healthy, "The SVID", await CheckAsync(Name));
    }

    [Fact]
    public async Task An_SVID_that_is_not_renewed_is_degraded_although_nothing_is_wrong_with_the_agent()
    {
        Build();
        await StartAsync(Lasting(minutes: 30));

        // Without the timers, one of which would find that the agent is silent.
        Time.Jump(TimeSpan.FromMinutes(21));
        var entry = await CheckAsync(Name);
        AssertIs(HealthStatus.Degraded, "The SVID 'spiffe://td/web' is valid until ", entry);
        Assert.Contains("has sent no newer SVID, although it reports no error: check the agent's log", entry.Description, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(null, HealthStatus.Unhealthy)]
    [InlineData(HealthStatus.Degraded, HealthStatus.Degraded)]
    public async Task An_expired_SVID_has_the_status_of_failures(HealthStatus? chosen, HealthStatus status)
    {
        AllowWarning("SvidNotRenewed");
        AllowWarning("SvidExpired");
        Build(failure: chosen);
        await StartAsync(Lasting(minutes: 30));
        Time.Jump(TimeSpan.FromMinutes(31));
        AssertIs(status, "The SVID 'spiffe://td/web' expired at ", await CheckAsync(Name));
    }

    [Fact]
    public async Task Before_the_first_SVID_the_check_is_unhealthy_and_says_what_the_agent_answered()
    {
        ExpectWarning("AgentUnavailable");
        Build();
        Agent.CloseWith(StatusCode.PermissionDenied, "no identity issued");
        Services.GetRequiredService<X509Source>().Start();
        await Readings.WaitForAsync("spiffe.watch.failures", 1, Patience);

        var entry = await CheckAsync(Name);
        AssertIs(HealthStatus.Unhealthy, "There is no SVID yet: ", entry);
        Assert.Contains("no identity issued", entry.Description, StringComparison.Ordinal);
        Assert.Contains("create a registration entry", entry.Data["lastError"].ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_identity_that_was_taken_back_is_unhealthy()
    {
        Build();
        (await StartAsync()).Withdraw();
        AssertIs(HealthStatus.Unhealthy, "There is no SVID: the SPIFFE Workload API at", await CheckAsync(Name));
    }

    [Fact]
    public async Task A_host_that_should_have_an_identity_and_has_not_started_is_unhealthy()
    {
        Build();
        AssertIs(HealthStatus.Unhealthy, "There is no SVID: the host has not started, or has stopped.", await CheckAsync(Name));
    }

    [Fact]
    public async Task A_host_without_an_identity_is_healthy()
    {
        Build(hasIdentity: false);
        AssertIs(HealthStatus.Healthy, "This host uses no identity of its own.", await CheckAsync(Name));
        AssertIs(HealthStatus.Healthy, "This host verifies no peers.", await CheckAsync("spiffe-bundles"));
        AssertIs(HealthStatus.Healthy, "This host uses no tokens.", await CheckAsync("spiffe-tokens"));
    }

    private TestKit.TestSvid Lasting(int minutes) => Pki.Leaf(spec => spec with { Uris = ["spiffe://td/web"], NotAfter = Time.GetUtcNow().AddMinutes(minutes) });

    private async Task LoseAgentAsync()
    {
        Agent.OnEachCall = agent => agent.CloseWith(StatusCode.Unavailable, "away for tests");
        Agent.CloseWith(StatusCode.Unavailable, "away for tests");
        await Readings.WaitForAsync("spiffe.watch.failures", 1, Patience);
    }
}
