using AspNetSpiffe.TestKit;
using Grpc.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace AspNetSpiffe.Workload.Tests.Hosting;

/// <summary>The checks 'spiffe-bundles' and 'spiffe-tokens'.</summary>
public sealed class BundleAndTokenHealthTests(ITestOutputHelper output) : HealthTest(output)
{
    private const string Bundles = "spiffe-bundles";
    private const string Tokens = "spiffe-tokens";

    [Fact]
    public async Task Bundles_with_valid_authorities_are_healthy_and_the_data_say_until_when()
    {
        var partner = new TestPki("partner");
        Build();
        await StartAsync(null, partner);

        var entry = await CheckAsync(Bundles);
        AssertIs(HealthStatus.Healthy, "Trust domains with a bundle: 2.", entry);
        Assert.Equal(Validity.Of(partner.Root.Certificate).End, entry.Data["partner"]);
    }

    [Fact]
    public async Task Without_a_valid_authority_of_our_own_trust_domain_nobody_of_it_can_call_and_the_check_is_unhealthy()
    {
        AllowWarning("SvidExpired");
        AllowWarning("SvidNotRenewed");
        Build();
        await StartAsync();
        Time.Jump(TimeSpan.FromDays(365 * 30));
        AssertIs(HealthStatus.Unhealthy, "The bundle of 'td' has had no valid authority since ", await CheckAsync(Bundles));
    }

    [Fact]
    public async Task A_partner_whose_authorities_have_expired_is_degraded()
    {
        var partner = new TestPki("partner", root: spec => spec with { NotAfter = Time.GetUtcNow().AddMinutes(5) });
        Build();
        await StartAsync(null, partner);
        Time.Jump(TimeSpan.FromMinutes(6));
        AssertIs(HealthStatus.Degraded, "The bundle of 'partner' has had no valid authority since ", await CheckAsync(Bundles));
    }

    [Fact]
    public async Task An_endpoint_that_gives_no_bundle_is_degraded_with_the_reason()
    {
        ExpectWarning("BundleNotFetched");
        Build(change: options => options.Federation["partner"] = new() { Url = "https://127.0.0.1:1/bundle", Profile = BundleEndpointProfile.HttpsWeb });
        await StartAsync();
        await Readings.WaitForAsync("spiffe.federation.fetches", 1, Patience);

        AssertIs(HealthStatus.Degraded, "The bundle endpoint of 'partner': ", await CheckAsync(Bundles));
        Assert.Equal(["1 error.type=connection_error spiffe.bundle.trust_domain=partner"], Readings.Sums("spiffe.federation.fetches"));
    }

    [Fact]
    public async Task A_list_of_revoked_certificates_that_cannot_be_read_is_degraded()
    {
        ExpectWarning("RevocationListRefused");
        Build(change: options => options.Revocation.Lists["td"] = ["/nowhere/td.crl"]);
        await StartAsync();
        await WaitForAsync("RevocationListRefused", Patience);
        AssertIs(HealthStatus.Degraded, "A certificate revocation list of 'td': '/nowhere/td.crl': it has not been loaded yet.", await CheckAsync(Bundles));
    }

    [Fact]
    public async Task A_source_of_bundles_without_any_is_unhealthy_and_one_whose_agent_is_away_is_degraded()
    {
        ExpectWarning("AgentUnavailable");
        Build(hasIdentity: false);
        var source = Services.GetRequiredService<X509BundleSource>();
        AssertIs(HealthStatus.Unhealthy, "There are no X.509 bundles yet", await CheckAsync(Bundles));

        Agent.Send(Pki.BundlesResponse());
        await source.WaitForFirstAsync(Patience);
        Agent.CloseWith(StatusCode.Unavailable, "away for tests");
        await Readings.WaitForAsync("spiffe.watch.failures", 1, Patience);
        var entry = await CheckAsync(Bundles);
        AssertIs(HealthStatus.Degraded, $"The SPIFFE Workload API at '{Agent.Address}' reports an error. ", entry);
        Assert.Contains("away for tests", entry.Description, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Keys_for_tokens_that_have_not_come_are_unhealthy_and_those_that_are_not_kept_current_are_degraded()
    {
        ExpectWarning("AgentUnavailable");
        Build(hasIdentity: false);
        var source = Services.GetRequiredService<JwtBundleSource>();
        AssertIs(HealthStatus.Unhealthy, "There are no keys yet to verify tokens with.", await CheckAsync(Tokens));

        Agent.Send(new Wire.JWTBundlesResponse { Bundles = { ["spiffe://td"] = Google.Protobuf.ByteString.CopyFromUtf8("""{"keys":[]}""") } });
        await source.WaitForFirstAsync(Patience);
        AssertIs(HealthStatus.Healthy, "Tokens can be verified or fetched.", await CheckAsync(Tokens));

        Agent.CloseWith(StatusCode.Unavailable, "away for tests");
        await Readings.WaitForAsync("spiffe.watch.failures", 1, Patience);
        AssertIs(HealthStatus.Degraded, "The keys to verify tokens with are not up to date.", await CheckAsync(Tokens));
    }

    [Fact]
    public async Task A_token_that_was_refused_is_unhealthy_while_none_has_come_and_degraded_after_that()
    {
        Build(hasIdentity: false);
        var source = Services.GetRequiredService<JwtSource>();
        AssertIs(HealthStatus.Healthy, "", await CheckAsync(Tokens));

        Agent.CloseWith(StatusCode.PermissionDenied, "not for you");
        await Assert.ThrowsAsync<WorkloadApiException>(() => source.GetAsync("orders", cancellationToken: Patience).AsTask());
        var entry = await CheckAsync(Tokens);
        AssertIs(HealthStatus.Unhealthy, "No token was issued at the last attempt.", entry);
        Assert.Contains("not for you", entry.Data["tokens.lastError"].ToString(), StringComparison.Ordinal);

        Agent.Send(new Wire.JWTSVIDResponse { Svids = { new Wire.JWTSVID { SpiffeId = "spiffe://td/web", Svid = new TestToken().ToString() } } });
        Agent.CloseWith(StatusCode.OK);
        await source.GetAsync("aud", cancellationToken: Patience);
        AssertIs(HealthStatus.Healthy, "", await CheckAsync(Tokens));

        Agent.CloseWith(StatusCode.PermissionDenied, "not for you");
        await Assert.ThrowsAsync<WorkloadApiException>(() => source.GetAsync("orders", cancellationToken: Patience).AsTask());
        AssertIs(HealthStatus.Degraded, "No token was issued at the last attempt.", await CheckAsync(Tokens));
    }
}
