using System.Net;
using System.Text.Json.Nodes;

namespace AspNetSpiffe.InteropTests;

/// <summary>JB-1 to JB-3 of the suite's catalogue: keys that come and go, over the development agent.</summary>
public sealed class JwtBundleTests(ITestOutputHelper output) : ConformanceTest(output)
{
    [Fact, Trait("Trial", "A-21"), Trait("Spec", "JW-17")]
    public async Task JB1_JB2_A_new_key_counts_at_once_and_one_that_is_gone_no_more()
    {
        var (agent, harness) = await StartAsync();
        var old = await TokenAsync(agent);
        Assert.Equal(HttpStatusCode.OK, await ValidateAsync(harness, old));

        await RenewAsync(harness, agent.PrepareAuthority);
        agent.ActivateAuthority();
        var fresh = await TokenAsync(agent);
        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.OK), (await ValidateAsync(harness, old), await ValidateAsync(harness, fresh)));

        agent.TaintAuthority();
        await RenewAsync(harness, agent.RevokeAuthority);
        Assert.Equal((HttpStatusCode.UnprocessableEntity, HttpStatusCode.OK), (await ValidateAsync(harness, old), await ValidateAsync(harness, fresh)));
    }

    [Fact, Trait("Trial", "A-21"), Trait("Spec", "JW-17"), Trait("Spec", "JW-11")]
    public async Task JB3_A_trust_domain_whose_bundle_is_gone_is_believed_no_more()
    {
        var (agent, harness) = await StartAsync();
        var other = await StartAgentAsync(new DevAgentOptions { TrustDomain = TrustDomain.Parse("fed.example.org"), LoggerFactory = Loggers }.AddWorkload("peer", new DevIdentity("/peer")));
        var (own, federated) = (await TokenAsync(agent), await TokenAsync(other, "peer"));
        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.UnprocessableEntity), (await ValidateAsync(harness, own), await ValidateAsync(harness, federated)));

        await RenewAsync(harness, () => agent.AddFederatedBundle(other));
        Assert.Equal(HttpStatusCode.OK, await ValidateAsync(harness, federated));

        await RenewAsync(harness, () => agent.RemoveFederatedBundle(other.TrustDomain));
        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.UnprocessableEntity), (await ValidateAsync(harness, own), await ValidateAsync(harness, federated)));
    }

    private async Task<(DevAgent Agent, Harness Harness)> StartAsync()
    {
        var agent = await StartAgentAsync(new DevAgentOptions { LoggerFactory = Loggers }.AddWorkload("harness", new DevIdentity("/harness")));
        return (agent, await StartHarnessAsync(agent.AddressOf("harness")));
    }

    private async Task<string> TokenAsync(DevAgent agent, string workload = "harness")
    {
        using var client = new WorkloadApiClient(WorkloadApiAddress.Parse(agent.AddressOf(workload)));
        return (await client.FetchJwtSvidsAsync("orders", cancellationToken: Patience))[0].Token;
    }

    private async Task<HttpStatusCode> ValidateAsync(Harness harness, string token) =>
        (await harness.PostAsync("jwt/validate", new JsonObject { ["token"] = token, ["audience"] = "orders" }, Patience)).Status;

    private async Task RenewAsync(Harness harness, Action change)
    {
        var before = harness.LogLength;
        change();
        await harness.WaitForLogAsync("JWT bundles renewed", Patience, before);
    }
}
