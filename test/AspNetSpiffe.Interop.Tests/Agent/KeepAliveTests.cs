
namespace AspNetSpiffe.InteropTests;

/// <summary>Our own client before the development agent, which takes no more pings than one on grpc-go.</summary>
[Trait("Trial", "A-01")]
public sealed class KeepAliveTests(ITestOutputHelper output) : InteropTest(output)
{
    [Fact]
    public async Task A_client_that_pings_every_second_is_told_to_calm_down()
    {
        ExpectWarning("AgentUnavailable");
        ExpectWarning("TooManyPings");
        var agent = await StartAgentAsync(new DevAgentOptions { LoggerFactory = Loggers }.AddWorkload("web", "/web"));
        var options = new SpiffeOptions { EndpointSocket = agent.AddressOf("web"), KeepAlive = new(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(30)) };
        var source = Stopping(await X509Source.StartAsync(options, Loggers, Patience));

        Assert.Contains("ENHANCE_YOUR_CALM", (await WaitForAsync("AgentUnavailable", Patience)).Message, StringComparison.Ordinal);
        Assert.NotNull(source.Current);
    }

    [Fact]
    public void The_client_pings_no_oftener_than_grpc_go_permits() => Assert.True(KeepAlive.Default.Delay == Timeout.InfiniteTimeSpan || KeepAlive.Default.Delay >= TimeSpan.FromMinutes(5));
}
