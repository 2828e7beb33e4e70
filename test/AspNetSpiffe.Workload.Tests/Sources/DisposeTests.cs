
namespace AspNetSpiffe.Workload.Tests.Sources;

/// <summary>How a source ends.</summary>
public sealed class DisposeTests(ITestOutputHelper output) : SourceTest(output)
{
    [Fact]
    public async Task Dispose_ends_the_watch_and_the_last_context_stays()
    {
        var source = await StartGoodAsync();
        await source.DisposeAsync();
        await Agent.Calls[0].WaitForCancelAsync(Patience);
        Assert.NotNull(source.Current);
        Assert.NotNull(await source.WaitForFirstAsync(Patience));
        source.Dispose();
        await source.DisposeAsync();
    }

    [Fact]
    public async Task Dispose_ends_a_watch_that_sleeps_between_two_attempts()
    {
        ExpectWarning("AgentUnavailable");
        await Agent.StopAsync();
        var source = Start();
        await Time.WaitForTimerAsync(Patience, LongestPause);
        await source.DisposeAsync().AsTask().WaitAsync(Patience);
    }

    [Fact]
    public async Task Dispose_without_waiting_ends_the_watch_too()
    {
        var source = await StartGoodAsync();
        source.Dispose();
        await Agent.Calls[0].WaitForCancelAsync(Patience);
    }

    [Fact]
    public async Task A_source_that_never_began_can_be_disposed() => await Make().DisposeAsync();
}
