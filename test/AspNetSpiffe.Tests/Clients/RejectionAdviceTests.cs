using Microsoft.AspNetCore.Builder;

namespace AspNetSpiffe.Tests.Clients;

/// <summary>The exception for a refused server says what to do.</summary>
public sealed class RejectionAdviceTests(ITestOutputHelper output) : MeshTest(output)
{
    [Fact, Trait("Trial", "C-06")]
    public async Task A_server_of_a_trust_domain_that_is_not_federated_names_the_missing_bundle_and_those_that_we_have()
    {
        var stranger = await StartAgentAsync("elsewhere", "client");
        Agent.AddFederatedBundle(stranger);
        var error = await RefusalAsync(await StartServerAsync(), stranger);
        Assert.Equal(
            "The server was rejected: UnknownTrustDomain. It presented 'spiffe://example.org/server'. The Workload API provides no trust bundle of the trust domain 'example.org'. " +
            "Available: the bundle of 'elsewhere'. Check the address of the server. If it is correct, federate the trust domains. " +
            "With SPIRE, federation requires that each server has the other's bundle and that our registration entry has federatesWith; with development agents, call AddFederatedBundle. Or configure its bundle endpoint in 'Spiffe:Federation'.",
            error.Message);
    }

    [Fact, Trait("Trial", "C-06")]
    public async Task A_server_of_another_agent_with_our_trust_domain_s_name_is_explained()
    {
        var error = await RefusalAsync(await StartServerAsync(), await StartAgentAsync("example.org", "client"));
        Assert.Equal(
            "The server was rejected: NotTrusted. It presented 'spiffe://example.org/server'. Its certificate chain leads to no authority in the trust bundle of 'example.org', which has 1 authority. " +
            "Available: the bundle of 'example.org'. If its SVID was issued by another agent with the same trust domain name 'example.org', use one agent for both, or give the trust domains different names " +
            "and federate them. With SPIRE, federation requires that each server has the other's bundle and that our registration entry has federatesWith; with development agents, call AddFederatedBundle. Or configure its bundle endpoint in 'Spiffe:Federation'. " +
            "If its CA is new, the bundle update has not arrived yet.",
            error.Message);
    }

    [Fact, Trait("Trial", "C-06")]
    public async Task Another_server_than_is_meant_names_both()
    {
        var error = await RefusalAsync(await StartServerAsync(), Agent, "spiffe://example.org/database");
        Assert.Equal(
            "The server was rejected: NotAllowed. It presented 'spiffe://example.org/server'. Expected was 'spiffe://example.org/database'. " +
            "Check the address of the server. If it is correct, expect its ID, or a pattern that matches it.",
            error.Message);
    }

    [Fact, Trait("Trial", "C-06")]
    public void Each_reason_has_its_advice_and_no_empty_part()
    {
        foreach (var reason in Enum.GetValues<RejectionReason>().Except([RejectionReason.None]))
        {
            foreach (var id in new[] { null, SpiffeId.Parse(Expected) })
            {
                var message = new SpiffePeerRejectedException(VerificationResult.Reject(reason, id), SpiffeIdPattern.Any, ours: null).Message;
                Assert.StartsWith($"The server was rejected: {reason}. It presented {(id is null ? "no SPIFFE ID" : $"'{id}'")}", message, StringComparison.Ordinal);
                Assert.True(message.Length > 100, message);
                if (id is not null) Assert.DoesNotContain("''", message, StringComparison.Ordinal);
            }
        }
    }

    private async Task<SpiffePeerRejectedException> RefusalAsync(WebApplication server, DevAgent agent, string expected = Expected)
    {
        using var client = await ClientAsync(server, agent: agent, expected: expected);
        return await Assert.ThrowsAsync<SpiffePeerRejectedException>(() => GetAsync(client));
    }
}
