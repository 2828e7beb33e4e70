
namespace AspNetSpiffe.Workload.Tests.WorkloadApi;

/// <summary>A test with a client of the agent.</summary>
public abstract class ClientTest(ITestOutputHelper output) : AgentTest(output)
{
    private WorkloadApiClient? _client;

    /// <summary>The client of the agent.</summary>
    protected WorkloadApiClient Client => _client ??= new(WorkloadApiAddress.Parse(Agent.Address));

    protected override async ValueTask StopAsync()
    {
        _client?.Dispose();
        await base.StopAsync();
    }

    protected Task<X509Context> FetchAsync() => Client.FetchX509ContextAsync(Patience);

    /// <summary>Reads the whole watch.</summary>
    protected async Task<List<X509Context>> WatchToTheEndAsync()
    {
        var all = new List<X509Context>();
        await foreach (var context in Client.WatchX509ContextAsync(Patience)) all.Add(context);
        return all;
    }

    protected static async Task<WorkloadApiException> FailsAsync(Func<Task> call, WorkloadApiFailure failure, params string[] texts)
    {
        var e = await Assert.ThrowsAsync<WorkloadApiException>(call);
        Assert.Equal(failure, e.Failure);
        foreach (var text in texts) Assert.Contains(text, e.Message, StringComparison.Ordinal);
        return e;
    }
}
