using Microsoft.Extensions.Logging;

namespace AspNetSpiffe;

/// <summary>The X.509 stream of one endpoint for all sources that use it: each message is read once.</summary>
/// <remarks>
/// Its readers change only under the lock of <see cref="X509Streams"/>, and its state with them. SVIDs and keys are never disposed: they live as long as any
/// source holds them.
/// </remarks>
internal sealed partial class X509Stream : IAsyncDisposable
{
    private readonly AgentWatch<X509Context> _watch;
    private readonly CancellationTokenSource _stopping = new();
    private volatile X509StreamReader[] _readers = [];
    private volatile AgentState<X509Context> _state = new();
    private Task _running = Task.CompletedTask;

    public X509Stream(AgentEndpoint endpoint)
    {
        Endpoint = endpoint;
        var log = new Log(new SharedLogger(this));
        _watch = new(
            endpoint,
            (client, stopping) => client.WatchX509UpdatesAsync(log.Remark, stopping),
            state => X509Streams.Publish(this, state),
            log,
            static context => context.Svids.Min(static svid => svid.NotAfter));
    }

    public AgentEndpoint Endpoint { get; }

    public AgentState<X509Context> State => _state;

    public X509StreamReader Add(X509Source source, ILogger logger)
    {
        var reader = new X509StreamReader(this, source.LoggerFactory, logger);
        _readers = [.. _readers, reader];
        reader.Write(_state);
        return reader;
    }

    public int Remove(X509StreamReader reader) => (_readers = [.. _readers.Where(r => r != reader)]).Length;

    public void Write(AgentState<X509Context> state)
    {
        _state = state;
        foreach (var reader in _readers) reader.Write(state);
    }

    public void Start() => _running = _watch.RunAsync(_stopping.Token);

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync().ConfigureAwait(false);
        await _running.ConfigureAwait(false);
        _stopping.Dispose();
    }

    /// <summary>What concerns the connection is told once in each log, however many sources have it.</summary>
    private sealed class SharedLogger(X509Stream stream) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel != LogLevel.None;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            foreach (var reader in stream._readers.DistinctBy(static reader => reader.Loggers)) reader.Logger.Log(logLevel, eventId, state, exception, formatter);
        }
    }

    private sealed partial class Log(ILogger logger) : IAgentLog
    {
        [LoggerMessage(1, LogLevel.Warning, "No stream from the SPIFFE Workload API at {Endpoint}; trying again. {Problem}", EventName = "AgentUnavailable")]
        public partial void AgentUnavailable(WorkloadApiAddress endpoint, string problem);

        public void UpdateRefused(string problem, bool isFirst) => Refused(problem, isFirst ? "there is none yet" : "the last good one stays");

        [LoggerMessage(3, LogLevel.Error, "Refused an update from the SPIFFE Workload API. {Problem} Identity: {State}.", EventName = "UpdateRefused")]
        private partial void Refused(string problem, string state);

        [LoggerMessage(4, LogLevel.Warning, "In an update from the SPIFFE Workload API: {Remark}", EventName = "UpdateRemark")]
        public partial void Remark(string remark);

        [LoggerMessage(5, LogLevel.Error, "The SPIFFE Workload API at {Endpoint} gave an answer that no retry can change; the watch has ended. {Problem}", EventName = "WatchGivenUp")]
        public partial void GivenUp(WorkloadApiAddress endpoint, string problem);

        [LoggerMessage(6, LogLevel.Warning, "The SPIFFE Workload API at {Endpoint} is not on this host: private keys cross the network in the clear, and the agent cannot know who we are. Use a Unix socket.", EventName = "AgentNotLocal")]
        public partial void NotLocal(WorkloadApiAddress endpoint);

        [LoggerMessage(7, LogLevel.Error, "The watch of the SPIFFE Workload API failed; trying again.", EventName = "WatchFailed")]
        public partial void WatchFailed(Exception exception);
    }
}
