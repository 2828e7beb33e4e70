using System.Diagnostics.CodeAnalysis;

namespace AspNetSpiffe;

/// <summary>Watches what an agent sends: connects, publishes the state after each message, and tries again when the stream ends.</summary>
/// <param name="endpoint">Whom to call.</param>
/// <param name="call">The call to make, again and again.</param>
/// <param name="publish">Takes each new state, before an operator hears of it.</param>
/// <param name="log">Where troubles are told: each once, and not with each attempt.</param>
internal sealed class AgentWatch<T>(
    AgentEndpoint endpoint, Func<WorkloadApiClient, CancellationToken, IAsyncEnumerable<AgentUpdate<T>>> call, Action<AgentState<T>> publish, IAgentLog log)
    where T : class
{
    private readonly RetryDelay _delay = new(endpoint.Retry, Random.Shared);
    private readonly ToldCauses _told = new(endpoint.Time);
    private AgentState<T> _state = new();
    private IReadOnlyList<string> _remarks = [];
    private string? _refused;

    /// <summary>Watches until it is stopped, or the agent gives an answer that no retry can change.</summary>
    public Task RunAsync(CancellationToken stopping)
    {
        // It outlives whoever happened to ask first, and must not keep that one's scopes and activities.
        using var _ = ExecutionContext.SuppressFlow();
        return Task.Run(() => KeepWatchingAsync(stopping), CancellationToken.None);
    }

    private async Task KeepWatchingAsync(CancellationToken stopping)
    {
        try
        {
            using var client = new WorkloadApiClient(endpoint.Address, endpoint.Time, endpoint.KeepAlive, endpoint.Limits);
            if (!endpoint.Address.IsLocal) log.NotLocal(endpoint.Address);
            while (await WatchOnceAsync(client, stopping).ConfigureAwait(false))
                await Task.Delay(_delay.Next(), endpoint.Time, stopping).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // Nobody needs it any more.
        }
    }

    /// <summary>Watches one stream to its end.</summary>
    /// <returns>Whether to try again.</returns>
    [SuppressMessage("Design", "CA1031:Do not catch general exception types", Justification = "What went wrong is logged, and the watch goes on.")]
    private async Task<bool> WatchOnceAsync(WorkloadApiClient client, CancellationToken stopping)
    {
        try
        {
            return End(await ReadAsync(client, stopping).ConfigureAwait(false));
        }
        catch (Exception e) when (!stopping.IsCancellationRequested)
        {
            // Nobody awaits the watch before its end: if it died here, what we have would grow old without a word.
            Publish(_state with { Problem = $"The watch failed: {e.Message}" });
            if (_told.IsNews(e.GetType().Name)) log.WatchFailed(e);
            return true;
        }
    }

    private async Task<WorkloadApiException?> ReadAsync(WorkloadApiClient client, CancellationToken stopping)
    {
        try
        {
            await foreach (var update in call(client, stopping).ConfigureAwait(false)) Take(update);
            return null;
        }
        catch (WorkloadApiException e)
        {
            return e;
        }
    }

    private void Take(AgentUpdate<T> update)
    {
        foreach (var remark in update.Remarks.Except(_remarks)) log.Remark(remark);
        _remarks = update.Remarks;

        if (update.Value is { } value) Accept(value);
        else Refuse(update.Problem!.Message);
    }

    private void Accept(T value)
    {
        // A stream of refused messages is a failure too, and waits longer and longer.
        _delay.Reset();
        _refused = null;
        _told.MarkGood();
        Publish(_state with { Value = value, IsDenied = false, Problem = null });
    }

    private void Refuse(string problem)
    {
        Publish(_state with { Refusals = _state.Refusals + 1, Problem = $"Its last message was refused: {problem}" });
        if (_refused == problem) return;
        _refused = problem;
        log.UpdateRefused(problem, isFirst: _state.Value is null);
    }

    private bool End(WorkloadApiException? failure)
    {
        var problem = failure?.Problem ?? "The Workload API ended the stream.";
        var isFinal = failure is { IsTransient: false };
        Publish(_state with
        {
            Problem = problem,
            IsDenied = _state.IsDenied || failure?.StatusCode == GrpcStatusCode.PermissionDenied,
            End = isFinal ? failure : null,
        });

        if (_told.IsNews($"{failure?.Failure} {failure?.StatusCode}")) log.AgentUnavailable(endpoint.Address, problem);
        if (isFinal) log.GivenUp(endpoint.Address, problem);
        return !isFinal;
    }

    private void Publish(AgentState<T> next) => publish(_state = next);
}
