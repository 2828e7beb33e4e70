using Microsoft.Extensions.Logging;

namespace AspNetSpiffe;

/// <summary>The X.509 stream of one origin, shared by all its sources: each update is parsed once.</summary>
/// <remarks>
/// Its readers and its state change only under the lock of <see cref="X509Streams"/>. SVIDs and keys are never disposed: they are used as long as any
/// source holds them.
/// </remarks>
internal sealed partial class X509Stream : IAsyncDisposable
{
    private readonly Watch<X509Context> _watch;
    private readonly CancellationTokenSource _stopping = new();
    private volatile X509StreamReader[] _readers = [];
    private volatile WatchState<X509Context> _state = new();
    private Task _running = Task.CompletedTask;

    public X509Stream(Origin origin)
    {
        Origin = origin;
        var log = new Log(origin, new SharedLogger(this));
        _watch = new(
            origin,
            (feed, stopping) => feed.WatchX509UpdatesAsync(log.Remark, stopping),
            state => X509Streams.Publish(this, state),
            log,
            static context => context.Svids.Min(static svid => svid.NotAfter));
    }

    public Origin Origin { get; }

    public WatchState<X509Context> State => _state;

    public X509StreamReader Add(X509Source source, ILogger logger)
    {
        var reader = new X509StreamReader(this, source.LoggerFactory, logger);
        _readers = [.. _readers, reader];
        reader.Write(_state);
        return reader;
    }

    public int Remove(X509StreamReader reader) => (_readers = [.. _readers.Where(r => r != reader)]).Length;

    public void Write(WatchState<X509Context> state)
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

    /// <summary>Logs events of the connection once per logger factory, however many sources share the stream.</summary>
    private sealed class SharedLogger(X509Stream stream) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel != LogLevel.None;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            foreach (var reader in stream._readers.DistinctBy(static reader => reader.Loggers)) reader.Logger.Log(logLevel, eventId, state, exception, formatter);
        }
    }

    /// <seealso cref="LogCategories.X509Svids"/>
    private sealed partial class Log(Origin origin, ILogger logger) : IWatchLog
    {
        /// <summary>There is no stream of SVIDs, or it ended. The last valid SVID is used until it expires, and the stream is retried with backoff. Logged once for each cause.</summary>
        /// <remarks>The message has the cause and the remedy. Check that the agent is running, that its socket exists, and that this workload has permission to open it.</remarks>
        [LoggerMessage(1, LogLevel.Warning, "No stream from {Origin}; retrying with backoff. {Problem}", EventName = "AgentUnavailable")]
        public partial void Unavailable(Origin origin, string problem);

        public void UpdateRefused(string problem, bool isFirst) => Refused(origin, problem, isFirst ? "none received yet" : "the last valid one is kept");

        /// <summary>An update was malformed, or its SVID or key is invalid, and it was rejected as a whole. The last valid SVID is kept, if there is one.</summary>
        /// <remarks>The message has the cause: the agent that sent the update, or the process that wrote the files, must correct it.</remarks>
        [LoggerMessage(3, LogLevel.Error, "Rejected an update from {Origin}. {Problem} Identity: {State}.", EventName = "UpdateRefused")]
        private partial void Refused(Origin origin, string problem, string state);

        public void Remark(string remark) => Remark(origin, remark);

        /// <summary>A part of an update was ignored or is questionable; the rest is used.</summary>
        /// <remarks>The message says which part: the agent that sent the update, or the process that wrote the files, must correct it. Peers of a trust domain whose bundle was ignored are rejected.</remarks>
        [LoggerMessage(4, LogLevel.Warning, "In an update from {Origin}: {Remark}", EventName = "UpdateRemark")]
        private partial void Remark(Origin origin, string remark);

        public void GivenUp(Origin origin, string problem) => GivenUp(origin.Title, problem);

        /// <summary>The first response of the agent was a permanent error, and the watch has stopped: this workload gets no identity.</summary>
        /// <remarks>Correct the cause that the message names, and restart. An agent that does not implement the method is too old, or another program listens at that address.</remarks>
        [LoggerMessage(5, LogLevel.Error, "{Origin} returned a permanent error; the watch has stopped. {Problem}", EventName = "WatchGivenUp")]
        private partial void GivenUp(string origin, string problem);

        /// <summary>The address of the Workload API is on another host. The API is neither encrypted nor authenticated: an attacker in the network path can read the private key of this workload.</summary>
        /// <remarks>Use the Unix socket of an agent on this host.</remarks>
        [LoggerMessage(6, LogLevel.Warning, "The SPIFFE Workload API at {Endpoint} is not on this host: private keys cross the network unencrypted, and the agent cannot attest this workload. Use a Unix socket.", EventName = "AgentNotLocal")]
        public partial void NotLocal(WorkloadApiAddress endpoint);

        public void WatchFailed(Exception exception) => WatchFailed(origin, exception);

        /// <summary>The watch threw an exception. The last valid SVID is kept, and the watch is retried. Logged once for each kind of exception.</summary>
        /// <remarks>If the exception is of the application's <c>Provider</c>, correct that; otherwise report it.</remarks>
        [LoggerMessage(7, LogLevel.Error, "The watch of {Origin} failed; retrying with backoff.", EventName = "WatchFailed")]
        private partial void WatchFailed(Origin origin, Exception exception);
    }
}
