namespace AspNetSpiffe.Soak;

/// <summary>What happens to the agent process. Nobody who may call must notice.</summary>
internal sealed class AgentFaults(Mesh mesh, Waiting waiting, Random random)
{
    // The library looks for an agent's silence after 10 seconds, and waits 5 for its answer.
    private static readonly TimeSpan LongerThanPatience = TimeSpan.FromSeconds(17);

    /// <summary>kill -9, a while without an agent, and a new one.</summary>
    public async Task KillAsync()
    {
        await mesh.Agent.KillAsync();
        await Task.Delay(TimeSpan.FromSeconds(2 * random.NextDouble()));
        await mesh.Agent.StartAsync();
        await waiting.ForNewsAsync();
    }

    /// <summary>SIGSTOP and SIGCONT, too soon to be noticed.</summary>
    public Task FreezeAsync() => FreezeAsync(TimeSpan.FromSeconds(2 + (2 * random.NextDouble())));

    /// <summary>The same for so long that the workloads take the agent for dead.</summary>
    public Task FreezeForLongAsync() => FreezeAsync(LongerThanPatience);

    private async Task FreezeAsync(TimeSpan time)
    {
        await mesh.Agent.FreezeAsync();
        await Task.Delay(time);
        await mesh.Agent.ThawAsync();
        await waiting.ForNewsAsync();
    }
}
