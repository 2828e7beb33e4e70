
namespace AspNetSpiffe.Workload.Tests.Sources;

/// <summary>The waits between two attempts are options.</summary>
public sealed class RetryOptionsTests(ITestOutputHelper output) : SourceTest(output)
{
    [Fact, Trait("Spec", "EP-24")]
    public async Task The_pauses_between_attempts_are_those_of_the_options()
    {
        ExpectWarning("AgentUnavailable");
        await Agent.StopAsync();
        Start(options =>
        {
            options.Retry.InitialDelay = TimeSpan.FromSeconds(3);
            options.Retry.MaxDelay = TimeSpan.FromSeconds(7);
            options.Retry.Jitter = 0;
        });

        foreach (var seconds in new[] { 3, 6, 7, 7 }) Assert.Equal(TimeSpan.FromSeconds(seconds), await PassPauseAsync());
        await Time.WaitForTimerAsync(Patience, LongestPause);
    }

    [Fact]
    public async Task Sources_of_different_waits_share_nothing()
    {
        Agent.Greeting = Pki.Response(Pki.Leaf());
        foreach (var jitter in new[] { 0.1, 0.2, 0.1 })
            await Start(options => options.Retry.Jitter = jitter).WaitForFirstAsync(Patience);

        Assert.Equal(2, Agent.Calls.Count);
    }

    [Theory]
    [InlineData("InitialDelay", 0, 30, 0.2)]
    [InlineData("InitialDelay", 0.049, 30, 0.2)]
    [InlineData("InitialDelay", 3601, 3601, 0.2)]
    [InlineData("MaxDelay", 2, 1, 0.2)]
    [InlineData("MaxDelay", 1, 3601, 0.2)]
    [InlineData("Jitter", 1, 30, -0.1)]
    [InlineData("Jitter", 1, 30, 1)]
    [InlineData("Jitter", 1, 30, double.NaN)]
    public async Task A_wait_that_breaks_the_rules_is_named_by_its_key(string property, double initial, double max, double jitter)
    {
        var options = Options(initial, max, jitter);
        var result = new SpiffeOptionsValidator().Validate(null, options);
        Assert.Contains($"Spiffe:Retry:{property}: must be from ", result.FailureMessage, StringComparison.Ordinal);

        var e = await Assert.ThrowsAsync<ArgumentException>(() => X509Source.StartAsync(options, Loggers, Patience));
        Assert.StartsWith($"Retry.{property} must be from ", e.Message, StringComparison.Ordinal);
        Assert.Empty(Agent.Calls);
    }

    [Theory]
    [InlineData(0.05, 0.05, 0)]
    [InlineData(3600, 3600, 0.9)]
    public void Waits_at_the_limits_keep_the_rules(double initial, double max, double jitter) =>
        Assert.True(new SpiffeOptionsValidator().Validate(null, Options(initial, max, jitter)).Succeeded);

    private SpiffeOptions Options(double initial, double max, double jitter)
    {
        var options = new SpiffeOptions { EndpointSocket = Agent.Address };
        (options.Retry.InitialDelay, options.Retry.MaxDelay, options.Retry.Jitter) = (TimeSpan.FromSeconds(initial), TimeSpan.FromSeconds(max), jitter);
        return options;
    }
}
