using AspNetSpiffe.TestKit;
using Xunit.Abstractions;

namespace AspNetSpiffe.Workload.Tests;

/// <summary>A test with an agent that misbehaves, a trust domain, and a limit to its patience.</summary>
public abstract class AgentTest(ITestOutputHelper output) : LoggedTest(output), IAsyncLifetime
{
    private readonly CancellationTokenSource _patience = new(HangLimit.OfATest);

    /// <summary>How long a test waits for what must come.</summary>
    protected CancellationToken Patience => _patience.Token;

    /// <summary>The agent, listening.</summary>
    protected FakeAgent Agent { get; private set; } = null!;

    /// <summary>The trust domain that the agent speaks of.</summary>
    protected TestPki Pki { get; } = new("td");

    public async Task InitializeAsync() => Agent = await FakeAgent.StartAsync();

    public virtual async Task DisposeAsync()
    {
        await Agent.DisposeAsync();
        _patience.Dispose();
    }
}
