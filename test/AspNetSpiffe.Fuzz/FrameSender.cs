using AspNetSpiffe.TestKit;

namespace AspNetSpiffe.Fuzz;

/// <summary>An agent that answers each call with the bytes it is given, over a real connection, and the client's own channel to it.</summary>
internal sealed class FrameSender
{
    private readonly FakeAgent _agent = FakeAgent.StartAsync().GetAwaiter().GetResult();
    private readonly AgentChannel _channel;

    public FrameSender()
    {
        _channel = new(WorkloadApiAddress.Parse(_agent.Address), KeepAlive.Default, new() { MaxSvids = 10_000, MaxBundles = 1_000_000 });
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Stop();
    }

    /// <summary>Sends the bytes and a good status, and says whether they were messages.</summary>
    public bool Reads(byte[] bytes) => ReadAsync(bytes).GetAwaiter().GetResult();

    private async Task<bool> ReadAsync(byte[] bytes)
    {
        _agent.Answer([bytes]);
        try
        {
            await foreach (var answer in _channel.WatchAsync(static (agent, options) => agent.FetchX509SVID(new(), options), CancellationToken.None).ConfigureAwait(false))
                if (answer.Refusal is not null)
                    return false;

            return true;
        }
        catch (WorkloadApiException e) when (e.Failure == WorkloadApiFailure.MalformedResponse)
        {
            return false;
        }
    }

    private void Stop()
    {
        _channel.Dispose();
        _agent.DisposeAsync().AsTask().GetAwaiter().GetResult();
    }
}
