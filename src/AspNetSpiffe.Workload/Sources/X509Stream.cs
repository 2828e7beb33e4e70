using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Logging;

namespace AspNetSpiffe;

/// <summary>The X.509 stream of one endpoint for all sources that use it: connects, reads each message once, and tries again when the stream ends.</summary>
/// <remarks>Its readers change only under the lock of <see cref="X509Streams"/>. SVIDs and keys are never disposed: they live as long as any source holds them.</remarks>
internal sealed partial class X509Stream(X509StreamKey key) : IAsyncDisposable
{
    private readonly RetryDelay _delay = new(key.Retry, Random.Shared);
    private readonly ToldCauses _told = new(key.Time);
    private readonly CancellationTokenSource _stopping = new();
    private volatile X509StreamReader[] _readers = [];
    private volatile X509StreamState _state = new();
    private IReadOnlyList<string> _remarks = [];
    private string? _refused;
    private Task _running = Task.CompletedTask;

    public X509StreamKey Key => key;

    public X509StreamState State => _state;

    public X509StreamReader Add(ILogger logger)
    {
        var reader = new X509StreamReader(this, logger);
        _readers = [.. _readers, reader];
        reader.Write(_state);
        return reader;
    }

    public int Remove(X509StreamReader reader) => (_readers = [.. _readers.Where(r => r != reader)]).Length;

    public void Write(X509StreamState state)
    {
        _state = state;
        foreach (var reader in _readers) reader.Write(state);
    }

    public void Start()
    {
        // It outlives the source that happened to be the first, and must not keep that one's scopes and activities.
        using var _ = ExecutionContext.SuppressFlow();
        _running = Task.Run(() => RunAsync(_stopping.Token));
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync().ConfigureAwait(false);
        await _running.ConfigureAwait(false);
        _stopping.Dispose();
    }

    private async Task RunAsync(CancellationToken stopping)
    {
        try
        {
            using var client = new WorkloadApiClient(key.Address, key.Time, key.KeepAlive, key.Limits);
            if (!key.Address.IsLocal) Tell(LogLevel.Warning, log => Log.NotLocal(log, key.Address));
            while (await WatchOnceAsync(client, stopping).ConfigureAwait(false))
                await Task.Delay(_delay.Next(), key.Time, stopping).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // The last source is disposed.
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
            // Nobody awaits the stream before its end: if it died here, the SVIDs would expire without a word.
            Publish(_state with { Problem = $"The watch failed: {e.Message}" });
            if (_told.IsNews(e.GetType().Name)) Tell(LogLevel.Error, log => Log.WatchFailed(log, e));
            return true;
        }
    }

    private async Task<WorkloadApiException?> ReadAsync(WorkloadApiClient client, CancellationToken stopping)
    {
        try
        {
            await foreach (var update in client.WatchX509UpdatesAsync(stopping).ConfigureAwait(false)) Take(update);
            return null;
        }
        catch (WorkloadApiException e)
        {
            return e;
        }
    }

    private void Take(X509Update update)
    {
        var (before, remarks) = (_remarks, update.Remarks);
        _remarks = remarks;
        foreach (var remark in remarks.Except(before)) Tell(LogLevel.Warning, log => Log.Remark(log, remark));

        if (update.Context is { } context) Accept(context);
        else Refuse(update.Problem!.Message);
    }

    private void Accept(X509Context context)
    {
        // A stream of refused messages is a failure too, and waits longer and longer.
        _delay.Reset();
        _refused = null;
        _told.MarkGood();
        Publish(_state with { Context = context, IsDenied = false, Problem = null });
    }

    private void Refuse(string problem)
    {
        Publish(_state with { Refusals = _state.Refusals + 1, Problem = $"Its last message was refused: {problem}" });
        if (_refused == problem) return;
        _refused = problem;
        Tell(LogLevel.Error, log => Log.UpdateRefused(log, problem, _state.Context is null ? "there is none yet" : "the last good one stays"));
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

        if (_told.IsNews($"{failure?.Failure} {failure?.StatusCode}")) Tell(LogLevel.Warning, log => Log.AgentUnavailable(log, key.Address, problem));
        if (isFinal) Tell(LogLevel.Error, log => Log.GivenUp(log, key.Address, problem));
        return !isFinal;
    }

    private void Publish(X509StreamState state) => X509Streams.Publish(this, state);

    // What concerns the connection is told once, and not by each source: by the first that has a log for it.
    private void Tell(LogLevel level, Action<ILogger> tell) => _ = _readers.Any(reader => reader.TryTell(level, tell));

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Warning, "No stream from the SPIFFE Workload API at {Endpoint}; trying again. {Problem}", EventName = "AgentUnavailable")]
        public static partial void AgentUnavailable(ILogger logger, WorkloadApiAddress endpoint, string problem);

        [LoggerMessage(3, LogLevel.Error, "Refused an update from the SPIFFE Workload API. {Problem} Identity: {State}.", EventName = "UpdateRefused")]
        public static partial void UpdateRefused(ILogger logger, string problem, string state);

        [LoggerMessage(4, LogLevel.Warning, "In an update from the SPIFFE Workload API: {Remark}", EventName = "UpdateRemark")]
        public static partial void Remark(ILogger logger, string remark);

        [LoggerMessage(5, LogLevel.Error, "The SPIFFE Workload API at {Endpoint} gave an answer that no retry can change; the watch has ended. {Problem}", EventName = "WatchGivenUp")]
        public static partial void GivenUp(ILogger logger, WorkloadApiAddress endpoint, string problem);

        [LoggerMessage(6, LogLevel.Warning, "The SPIFFE Workload API at {Endpoint} is not on this host: private keys cross the network in the clear, and the agent cannot know who we are. Use a Unix socket.", EventName = "AgentNotLocal")]
        public static partial void NotLocal(ILogger logger, WorkloadApiAddress endpoint);

        [LoggerMessage(7, LogLevel.Error, "The watch of the SPIFFE Workload API failed; trying again.", EventName = "WatchFailed")]
        public static partial void WatchFailed(ILogger logger, Exception exception);
    }
}
