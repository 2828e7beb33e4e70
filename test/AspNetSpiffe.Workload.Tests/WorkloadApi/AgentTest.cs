using AspNetSpiffe.TestKit;

namespace AspNetSpiffe.Workload.Tests;

/// <summary>A test with an agent that misbehaves, a trust domain, and a limit to its patience.</summary>
public abstract class AgentTest(ITestOutputHelper output) : LoggedTest(output)
{
    private readonly CancellationTokenSource _patience = new(HangLimit.OfATest);

    /// <summary>How long a test waits for what must come.</summary>
    protected CancellationToken Patience => _patience.Token;

    /// <summary>The agent, listening.</summary>
    protected FakeAgent Agent { get; private set; } = null!;

    /// <summary>The trust domain that the agent speaks of.</summary>
    protected TestPki Pki { get; } = new("td");

    public override async ValueTask InitializeAsync() => Agent = await FakeAgent.StartAsync();

    protected override async ValueTask StopAsync()
    {
        await Agent.DisposeAsync();
        _patience.Dispose();
    }
}
