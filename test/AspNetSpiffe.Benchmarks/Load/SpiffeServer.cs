using System.Diagnostics;
using AspNetSpiffe.TestKit;

namespace AspNetSpiffe.Benchmarks;

/// <summary>A server of this library, and the agent that gives it its identity: here, so that an update leaves when we say so.</summary>
internal sealed class SpiffeServer : IAsyncDisposable
{
    private readonly FakeAgent _agent;

    private SpiffeServer(FakeAgent agent, Server server) => (_agent, Server) = (agent, server);

    public Server Server { get; }

    /// <param name="material">Its first identity.</param>
    /// <param name="environment">Variables of the server's process, as NAME=VALUE.</param>
    public static async Task<SpiffeServer> StartAsync(Material material, params string[] environment)
    {
        // Whoever waits for an answer of the server holds a thread of the pool, and the agent needs some.
        ThreadPool.SetMinThreads(8, 8);
        var (agent, identity) = (await FakeAgent.StartAsync(), material.Identity(trustDomains: 1));
        agent.OnEachCall = a => a.Send(identity);
        return new(agent, Server.Kestrel(KestrelServer.Spiffe, material, agent.Address, environment));
    }

    /// <summary>Has the agent send an update, and waits until the server has published it.</summary>
    public Update Send(TestIdentity identity)
    {
        var sent = Stopwatch.GetTimestamp();
        _agent.Send(identity);
        return Server.Published is > 0 and var published ? new(sent, published) : throw new InvalidOperationException("The server has not published an update of its agent.");
    }

    public async ValueTask DisposeAsync()
    {
        Server.Dispose();
        await _agent.DisposeAsync();
    }

    /// <summary>The moments of an update.</summary>
    /// <param name="Sent">Before the agent wrote the message.</param>
    /// <param name="Published">When the server's subscribers heard of it.</param>
    internal readonly record struct Update(long Sent, long Published);
}
