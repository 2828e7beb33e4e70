using System.Net;
using System.Text.Json.Nodes;
using AspNetSpiffe.TestKit;
using Grpc.Core;

namespace AspNetSpiffe.InteropTests;

/// <summary>EP-1 to EP-8 and WA-4 of the suite's catalogue: how the library finds its agent, and what it makes of an agent that is not there or refuses.</summary>
public sealed class EndpointTests(ITestOutputHelper output) : ConformanceTest(output)
{
    [Fact, Trait("Spec", "EP-01")]
    public async Task EP1_The_environment_alone_leads_to_the_agent()
    {
        var agent = await StartAgentAsync();
        var svid = Pki.Leaf("/harness");
        agent.Send(Pki.Response(svid));
        await AssertServesAsync(await StartHarnessAsync(agent.Address), svid);
    }

    [Fact, Trait("Spec", "EP-01")]
    public async Task EP1_Without_an_address_it_ends_and_says_what_to_set()
    {
        var result = await Harness.RunToEndAsync(null, Patience);
        Assert.Equal(1, result.ExitCode);
        Assert.Equal("", result.Output);
        Assert.Contains("SPIFFE_ENDPOINT_SOCKET", result.Errors, StringComparison.Ordinal);
    }

    [Fact, Trait("Spec", "EP-21")]
    public async Task EP2_Every_call_has_the_security_header()
    {
        var agent = await StartAgentAsync();
        agent.Send(Pki.Response(Pki.Leaf("/harness")));
        var harness = await StartHarnessAsync(agent.Address);
        await harness.WaitUntilReadyAsync(Patience);

        var fetching = harness.PostAsync("jwt/fetch", new JsonObject { ["audience"] = new JsonArray("orders") }, Patience);
        await agent.WaitForCallAsync(2, Patience);
        Assert.Equal(["/SpiffeWorkloadAPI/FetchX509SVID", "/SpiffeWorkloadAPI/FetchJWTSVID"], agent.Calls.Select(call => call.Path));
        Assert.All(agent.Calls, call => Assert.Equal(["true"], call.Headers["workload.spiffe.io"]));

        // Both calls wait for their ends.
        agent.CloseWith(StatusCode.Unavailable);
        agent.CloseWith(StatusCode.Unavailable);
        Assert.Equal(HttpStatusCode.InternalServerError, (await fetching).Status);
    }

    [Fact, Trait("Spec", "EP-06")]
    public async Task EP3_The_agent_may_listen_on_TCP()
    {
        var agent = Stopping(await FakeAgent.StartOnTcpAsync());
        var svid = Pki.Leaf("/harness");
        agent.Send(Pki.Response(svid));
        await AssertServesAsync(await StartHarnessAsync(agent.Address), svid);
    }

    [Fact, Trait("Spec", "EP-03")]
    public async Task EP4_A_Unix_address_with_a_host_is_refused() =>
        await AssertAddressRefusedAsync(await StartAgentAsync(), address => address.Replace("unix://", "unix://localhost", StringComparison.Ordinal));

    [Fact, Trait("Spec", "EP-06")]
    public async Task EP4_A_TCP_address_with_a_path_is_refused() =>
        await AssertAddressRefusedAsync(Stopping(await FakeAgent.StartOnTcpAsync()), address => $"{address}/foo");

    [Fact, Trait("Spec", "EP-24"), Trait("Spec", "EP-27")]
    public async Task EP5_It_tries_again_when_the_agent_is_not_ready() => await AssertRetriedAsync(StatusCode.Unavailable, StatusCode.Internal);

    [Fact, Trait("Spec", "EP-25")]
    public async Task EP6_It_tries_again_when_there_is_no_identity_yet() => await AssertRetriedAsync(StatusCode.PermissionDenied, StatusCode.PermissionDenied);

    [Theory, Trait("Spec", "EP-23"), Trait("Spec", "EP-26")]
    [InlineData(StatusCode.InvalidArgument)]
    [InlineData(StatusCode.Unimplemented)]
    public async Task EP7_It_does_not_repeat_a_call_that_no_repetition_can_mend(StatusCode status)
    {
        var agent = await StartAgentAsync();
        agent.OnEachCall = a => a.CloseWith(status);
        var harness = await StartHarnessAsync(agent.Address);

        var given = harness.WaitForLogAsync("returned a permanent error; the watch has stopped", Patience);
        await await Task.WhenAny(given, agent.WaitForCallAsync(2, Patience));
        Assert.Single(agent.Calls);
        await given;
    }

    [Fact, Trait("Spec", "EP-24")]
    public async Task EP8_It_waits_for_an_agent_that_is_not_there_yet()
    {
        var agent = await StartAgentAsync();
        await agent.StopAsync();
        var harness = await StartHarnessAsync(agent.Address);
        await harness.WaitForLogAsync("The socket does not exist", Patience);

        var svid = Pki.Leaf("/harness");
        agent.Send(Pki.Response(svid));
        await agent.RestartAsync();
        await AssertServesAsync(harness, svid);
    }

    [Fact, Trait("Spec", "WA-11")]
    public async Task WA4_An_identity_that_the_agent_has_taken_back_is_shown_no_more()
    {
        var agent = await StartAgentAsync();
        var svid = Pki.Leaf("/harness");
        agent.Send(Pki.Response(svid));
        var harness = await StartHarnessAsync(agent.Address);
        await AssertServesAsync(harness, svid);

        agent.OnEachCall = a => a.CloseWith(StatusCode.PermissionDenied);
        agent.CloseWith(StatusCode.PermissionDenied);
        await harness.WaitForLogAsync($"has withdrawn the identity {svid.Id}", Patience);

        foreach (var meeting in new[] { await harness.CallAsync(Pki.Leaf("/peer"), Patience), await harness.BeCalledAsync(Pki.Leaf("/peer"), Patience) })
        {
            Assert.Null(meeting.Id);
            Assert.Empty(meeting.Presented);
        }
    }

    private async Task AssertAddressRefusedAsync(FakeAgent agent, Func<string, string> spoil)
    {
        var bad = spoil(agent.Address);
        var result = await Harness.RunToEndAsync(bad, Patience);
        Assert.Equal(1, result.ExitCode);
        Assert.Contains($"'{bad}' is not an address of a Workload API", result.Errors, StringComparison.Ordinal);
        Assert.Empty(agent.Calls);

        var svid = Pki.Leaf("/harness");
        agent.Send(Pki.Response(svid));
        await AssertServesAsync(await StartHarnessAsync(agent.Address), svid);
    }

    private async Task AssertRetriedAsync(params StatusCode[] failures)
    {
        var agent = await StartAgentAsync();
        foreach (var failure in failures) agent.CloseWith(failure);
        var svid = Pki.Leaf("/harness");
        agent.Send(Pki.Response(svid));
        await AssertServesAsync(await StartHarnessAsync(agent.Address), svid);
        Assert.Equal(failures.Length + 1, agent.Calls.Count);
    }
}
