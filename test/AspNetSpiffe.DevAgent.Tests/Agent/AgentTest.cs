using AspNetSpiffe.TestKit;

namespace AspNetSpiffe.AgentTests;

/// <summary>A folder that is removed, a patience, and agents and clients that are stopped at the end.</summary>
public abstract class AgentTest : IAsyncLifetime
{
    private readonly CancellationTokenSource _patience = new(HangLimit.OfATest);
    private readonly Stack<object> _toStop = new();

    /// <summary>How long a test waits for what must come.</summary>
    protected CancellationToken Patience => _patience.Token;

    /// <summary>An existing folder of this test.</summary>
    protected string Folder { get; } = Directory.CreateTempSubdirectory("spiffe-test-").FullName;

    protected async Task<DevAgent> StartAgentAsync(DevAgentOptions options)
    {
        var agent = await DevAgent.StartAsync(options, Patience);
        _toStop.Push(agent);
        return agent;
    }

    protected Task<DevAgent> StartAgentAsync(params DevIdentity[] identities) => StartAgentAsync(new DevAgentOptions { Directory = Folder }.AddWorkload("web", identities));

    internal AgentClient Connect(DevAgent agent, string workload = "web")
    {
        var client = new AgentClient(agent.AddressOf(workload));
        _toStop.Push(client);
        return client;
    }

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public virtual async ValueTask DisposeAsync()
    {
        foreach (var thing in _toStop)
        {
            if (thing is IAsyncDisposable asynchronous) await asynchronous.DisposeAsync();
            else ((IDisposable)thing).Dispose();
        }

        Directory.Delete(Folder, recursive: true);
        _patience.Dispose();
    }
}
