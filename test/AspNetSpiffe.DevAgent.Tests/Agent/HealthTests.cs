using Grpc.Health.V1;
using Status = Grpc.Health.V1.HealthCheckResponse.Types.ServingStatus;

namespace AspNetSpiffe.AgentTests;

/// <summary>The health of the agent, as gRPC's protocol asks for it.</summary>
[Trait("Trial", "A-19")]
public sealed class HealthTests : AgentTest
{
    private const int NotFound = 5;
    private const int Unavailable = 14;

    [Theory]
    [InlineData("")]
    [InlineData("SpiffeWorkloadAPI")]
    public async Task It_serves_also_a_workload_without_an_identity_and_a_caller_without_the_security_header(string service)
    {
        using var call = await CallAsync(await StartAgentAsync(), "Check", service);
        Assert.Equal(Status.Serving, (await call.ReadAsync(HealthCheckResponse.Parser, Patience))!.Status);
        Assert.Equal(0, await call.WaitForStatusAsync(Patience));
    }

    [Fact]
    public async Task Of_a_service_that_it_has_not_it_says_so()
    {
        var agent = await StartAgentAsync();
        using var check = await CallAsync(agent, "Check", "another");
        Assert.Equal(NotFound, await check.WaitForStatusAsync(Patience));

        using var watch = await CallAsync(agent, "Watch", "another");
        Assert.Equal(Status.ServiceUnknown, (await watch.ReadAsync(HealthCheckResponse.Parser, Patience))!.Status);
    }

    [Fact]
    public async Task A_watch_is_told_once_and_ends_with_the_agent()
    {
        var agent = await StartAgentAsync(new DevIdentity("/web"));
        using var watch = await CallAsync(agent, "Watch", "");
        Assert.Equal(Status.Serving, (await watch.ReadAsync(HealthCheckResponse.Parser, Patience))!.Status);

        await agent.StopAsync();
        Assert.Null(await watch.ReadAsync(HealthCheckResponse.Parser, Patience));
        Assert.Equal(Unavailable, watch.Status);
    }

    private async Task<AgentCall> CallAsync(DevAgent agent, string method, string service)
    {
        var response = await Connect(agent).SendAsync(AgentClient.NewRequest($"/grpc.health.v1.Health/{method}", new HealthCheckRequest { Service = service }), Patience);
        return new(response, await response.Content.ReadAsStreamAsync(Patience));
    }
}
