using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Primitives;

namespace AspNetSpiffe;

/// <summary>Keeps bundles of one kind current: those of an origin, merged with those of endpoints. Bundles are not withdrawn like an identity: on any error, the last valid ones are kept.</summary>
/// <remarks>Thread-safe; reading takes no lock.</remarks>
internal sealed partial class BundleWatch<T> : IAsyncDisposable, IDisposable
    where T : class
{
    private readonly BundleKind<T> _kind;
    private readonly Action<string, T> _renewed;
    private readonly SourceRun _run;
    private readonly BundleEndpoints _federated;
    private readonly SourceRegistry? _ownRegistry;
    private readonly BundleEndpoints? _ownFederated;
    private readonly IDisposable _federatedSubscription;
    private readonly Lock _lock = new();
    private T? _given;
    private volatile Trouble? _trouble;

    /// <param name="kind">The kind of bundles.</param>
    /// <param name="options">The options with the origin.</param>
    /// <param name="category">The log category.</param>
    /// <param name="loggerFactory">The logger factory.</param>
    /// <param name="time">The clock.</param>
    /// <param name="registry">In a host, all sources share the registry and the bundles of endpoints; without a host, each source has its own.</param>
    /// <param name="federated">The bundles of endpoints.</param>
    /// <param name="renewed">Logs new bundles.</param>
    public BundleWatch(
        BundleKind<T> kind, SpiffeOptions options, string category, ILoggerFactory loggerFactory, TimeProvider time, SourceRegistry? registry, BundleEndpoints? federated,
        Action<ILogger, string, T> renewed)
    {
        (_kind, Origin, Notifications) = (kind, Origin.Of(options, time), new(loggerFactory));
        var logger = Notifications.CreateLogger(category);
        var log = new Log(kind, Origin, logger);
        _renewed = (what, bundles) => renewed(logger, what, bundles);
        Registry = registry ?? (_ownRegistry = new(null));
        Metrics = new(Registry.Meter, Notifications);
        Status = new(kind.Tag, Origin, Metrics, Notifications);
        Newest = new(log.SubscriberFailed);
        _run = new(new Watch<T>(Origin, (feed, stopping) => kind.Watch(feed, log.Remark, stopping), Take, log).RunAsync);
        _federated = federated ?? (_ownFederated = BundleEndpoints.Of(options.Federation, options.Limits, loggerFactory, time, Registry.Meter));
        _federatedSubscription = ChangeToken.OnChange(_federated.GetChangeToken, Merge);
    }

    public Origin Origin { get; }

    public NotificationQueue Notifications { get; }

    public SourceRegistry Registry { get; }

    public SpiffeMetrics Metrics { get; }

    public WatchStatus Status { get; }

    public Newest<T> Newest { get; }

    public bool IsStarted => _run.IsStarted;

    /// <summary>Gets the last error and its remedy, as text for an operator.</summary>
    public string LastProblem => _trouble?.Problem ?? "It has not responded.";

    public void Start()
    {
        _run.Start();
        _federated.Start();
    }

    public Task<T> RequireFirstAsync(TimeSpan timeout, CancellationToken cancellationToken) =>
        Newest.RequireAsync(timeout, Origin.Time, waited => $"{Origin.Title} sent no {_kind.Name}{waited}. {LastProblem}", cancellationToken);

    public void Dispose()
    {
        _run.Dispose();
        _ownFederated?.Dispose();
        _federatedSubscription.Dispose();

        // Disposed through the queue, after all measurements that were queued before.
        if (_ownRegistry is not null) Notifications.Post(_ownRegistry.Dispose);
    }

    public async ValueTask DisposeAsync()
    {
        Dispose();
        await _run.DisposeAsync().ConfigureAwait(false);
        if (_ownFederated is not null) await _ownFederated.DisposeAsync().ConfigureAwait(false);
        await Notifications.DrainAsync().ConfigureAwait(false);
    }

    private void Take(WatchState<T> state)
    {
        _trouble = state.Trouble;
        if (state.End is { } end) Newest.GiveUp(end);
        lock (_lock) _given = state.Value ?? _given;
        Merge();
        Status.Take(state.History);
    }

    // Merges the bundles of the origin and of the endpoints.
    private void Merge()
    {
        lock (_lock)
        {
            if (_given is not { } given) return;
            var bundles = _kind.Merge(_federated.Current, given, _federated.Own);
            if (Newest.Value is { } last && _kind.SameContent(last, bundles)) return;

            var what = Newest.Value is null ? "obtained" : "renewed";
            Newest.Publish(bundles);
            _renewed(what, bundles);
        }
    }

    /// <seealso cref="LogCategories.JwtBundles"/>
    /// <seealso cref="LogCategories.X509Bundles"/>
    private sealed partial class Log(BundleKind<T> kind, Origin origin, ILogger logger) : IWatchLog
    {
        public void Unavailable(Origin origin, string problem) => Unavailable(kind.Name, origin, problem);

        /// <summary>There is no stream of bundles, or it ended. The last valid ones are kept, and the stream is retried with backoff. Logged once for each cause.</summary>
        /// <remarks>The message has the cause and the remedy. Check that the agent is running, that its socket exists, and that this workload has permission to open it.</remarks>
        [LoggerMessage(1, LogLevel.Warning, "No stream of {Kind} from {Origin}; retrying with backoff. {Problem}", EventName = "AgentUnavailable")]
        private partial void Unavailable(string kind, Origin origin, string problem);

        public void UpdateRefused(string problem, bool isFirst) => Refused(kind.Name, origin, problem, isFirst ? "none received yet" : "the last valid ones are kept");

        /// <summary>An update had no valid bundles and was rejected as a whole. The last valid ones are kept, if there are any.</summary>
        /// <remarks>The message has the cause: the agent that sent the update, or the process that wrote the files, must correct it.</remarks>
        [LoggerMessage(3, LogLevel.Error, "Rejected an update of {Kind} from {Origin}. {Problem} Bundles: {State}.", EventName = "UpdateRefused")]
        private partial void Refused(string kind, Origin origin, string problem, string state);

        public void Remark(string remark) => Remark(kind.Name, origin, remark);

        /// <summary>A part of an update was ignored or is questionable; the rest is used.</summary>
        /// <remarks>The message says which part: the agent that sent the update, or the process that wrote the files, must correct it. Peers and tokens of a trust domain whose bundle was ignored are rejected.</remarks>
        [LoggerMessage(4, LogLevel.Warning, "In an update of {Kind} from {Origin}: {Remark}", EventName = "UpdateRemark")]
        private partial void Remark(string kind, Origin origin, string remark);

        public void GivenUp(Origin origin, string problem) => GivenUp(origin.Title, kind.Name, problem);

        /// <summary>The first response of the agent was a permanent error, and the watch has stopped: there will be no bundles.</summary>
        /// <remarks>Correct the cause that the message names, and restart. An agent that does not implement the method is too old, or another program listens at that address.</remarks>
        [LoggerMessage(5, LogLevel.Error, "{Origin} returned a permanent error; the watch of {Kind} has stopped. {Problem}", EventName = "WatchGivenUp")]
        private partial void GivenUp(string origin, string kind, string problem);

        public void NotLocal(WorkloadApiAddress endpoint) => NotLocal(endpoint, kind.Danger);

        /// <summary>The address of the Workload API is on another host. The API has no authentication of its own: an attacker in the network path can send bundles of their choice.</summary>
        /// <remarks>Use the Unix socket of an agent on this host.</remarks>
        [LoggerMessage(
            6, LogLevel.Warning, "The SPIFFE Workload API at {Endpoint} is not on this host: an attacker who can modify its network traffic can {Danger}. Use a Unix socket.",
            EventName = "AgentNotLocal")]
        private partial void NotLocal(WorkloadApiAddress endpoint, string danger);

        public void WatchFailed(Exception exception) => WatchFailed(kind.Name, exception);

        /// <summary>The watch threw an exception. The last valid bundles are kept, and the watch is retried. Logged once for each kind of exception.</summary>
        /// <remarks>Report it, with the exception.</remarks>
        [LoggerMessage(7, LogLevel.Error, "The watch of {Kind} failed; retrying with backoff.", EventName = "WatchFailed")]
        private partial void WatchFailed(string kind, Exception exception);

        public void SubscriberFailed(Exception exception) => SubscriberFailed(kind.Name, exception);

        /// <summary>A subscriber to new bundles threw an exception. The bundles are used nevertheless.</summary>
        /// <remarks>The exception names the subscriber: correct it.</remarks>
        [LoggerMessage(10, LogLevel.Error, "A subscriber to changes of {Kind} failed; the new bundles are in use nevertheless.", EventName = "SubscriberFailed")]
        private partial void SubscriberFailed(string kind, Exception exception);
    }
}
