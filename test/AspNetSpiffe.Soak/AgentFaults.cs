namespace AspNetSpiffe.Soak;

/// <summary>What happens to the agent process. Nobody who may call must notice.</summary>
internal sealed class AgentFaults(Mesh mesh, Waiting waiting, Random random)
{
    /// <summary>kill -9, a while without an agent, and a new one.</summary>
    public async Task KillAsync()
    {
        await mesh.Agent.KillAsync();
        await Task.Delay(TimeSpan.FromSeconds(2 * random.NextDouble()));
        await mesh.Agent.StartAsync();
        await waiting.ForNewsAsync();
    }

    /// <summary>SIGSTOP and SIGCONT, too soon to be noticed.</summary>
    public async Task FreezeAsync()
    {
        await mesh.Agent.FreezeAsync();
        await Task.Delay(TimeSpan.FromSeconds(2 + (2 * random.NextDouble())));
        await mesh.Agent.ThawAsync();
        await waiting.ForNewsAsync();
    }
}
