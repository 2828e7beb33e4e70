using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Primitives;

namespace AspNetSpiffe;

/// <summary>Keeps bundles of one kind current: what their origin gives, with those of endpoints in it. Bundles are no identity: whatever happens, the last good ones stay.</summary>
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

    /// <param name="kind">What is kept.</param>
    /// <param name="options">Where it comes from.</param>
    /// <param name="category">The category of its log.</param>
    /// <param name="loggerFactory">Where it logs.</param>
    /// <param name="time">The clock.</param>
    /// <param name="registry">In a host, all sources have the registry and the bundles of endpoints in common; without one, each has its own.</param>
    /// <param name="federated">The bundles of endpoints.</param>
    /// <param name="renewed">Tells an operator of new ones.</param>
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

    /// <summary>Gets what went wrong last and what to do about it, in words for an operator.</summary>
    public string LastProblem => _trouble?.Problem ?? "It has not answered.";

    public void Start()
    {
        _run.Start();
        _federated.Start();
    }

    public Task<T> RequireFirstAsync(TimeSpan timeout, CancellationToken cancellationToken) =>
        Newest.RequireAsync(timeout, Origin.Time, waited => $"{Origin.Title} gave no {_kind.Name}{waited}. {LastProblem}", cancellationToken);

    public void Dispose()
    {
        _run.Dispose();
        _ownFederated?.Dispose();
        _federatedSubscription.Dispose();

        // Its turn is after all that was counted before.
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

    // What the endpoints have and what the origin gave meet here.
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

        /// <summary>There is no stream of bundles, or it ended. The last good ones stay, and it is tried again, ever more slowly. Told once for each cause.</summary>
        /// <remarks>The line says what is wrong and what to do. Is the agent running, is its socket there, and may this workload open it?</remarks>
        [LoggerMessage(1, LogLevel.Warning, "No stream of {Kind} from {Origin}; trying again. {Problem}", EventName = "AgentUnavailable")]
        private partial void Unavailable(string kind, Origin origin, string problem);

        public void UpdateRefused(string problem, bool isFirst) => Refused(kind.Name, origin, problem, isFirst ? "there are none yet" : "the last good ones stay");

        /// <summary>An update had no valid bundles and was refused as a whole. The last good ones stay, if there are any.</summary>
        /// <remarks>The line says what is wrong: whoever sent it, or wrote the files, must correct it.</remarks>
        [LoggerMessage(3, LogLevel.Error, "Refused an update of {Kind} from {Origin}. {Problem} Bundles: {State}.", EventName = "UpdateRefused")]
        private partial void Refused(string kind, Origin origin, string problem, string state);

        public void Remark(string remark) => Remark(kind.Name, origin, remark);

        /// <summary>A part of an update was left out or is doubtful; the rest is in force.</summary>
        /// <remarks>The line says which: whoever sent it, or wrote the files, must correct it. Of a trust domain whose bundle was left out, peers and tokens are refused.</remarks>
        [LoggerMessage(4, LogLevel.Warning, "In an update of {Kind} from {Origin}: {Remark}", EventName = "UpdateRemark")]
        private partial void Remark(string kind, Origin origin, string remark);

        public void GivenUp(Origin origin, string problem) => GivenUp(origin.Title, kind.Name, problem);

        /// <summary>The first answer of the agent was one that no retry can change, and the watch has ended: there will be no bundles.</summary>
        /// <remarks>Correct what the line names, and restart. An agent that does not know the method is too old, or something else listens at that address.</remarks>
        [LoggerMessage(5, LogLevel.Error, "{Origin} gave an answer that no retry can change; the watch of {Kind} has ended. {Problem}", EventName = "WatchGivenUp")]
        private partial void GivenUp(string origin, string kind, string problem);

        public void NotLocal(WorkloadApiAddress endpoint) => NotLocal(endpoint, kind.Danger);

        /// <summary>The address of the Workload API is on another host. The API has no authentication of its own: whoever is on the way can give us bundles of their choice.</summary>
        /// <remarks>Use the Unix socket of an agent on this host.</remarks>
        [LoggerMessage(
            6, LogLevel.Warning, "The SPIFFE Workload API at {Endpoint} is not on this host: whoever can change what it sends over the network can {Danger}. Use a Unix socket.",
            EventName = "AgentNotLocal")]
        private partial void NotLocal(WorkloadApiAddress endpoint, string danger);

        public void WatchFailed(Exception exception) => WatchFailed(kind.Name, exception);

        /// <summary>The watch threw an exception. The last good bundles stay, and it is tried again. Told once for each kind of exception.</summary>
        /// <remarks>Report it, with the exception.</remarks>
        [LoggerMessage(7, LogLevel.Error, "The watch of {Kind} failed; trying again.", EventName = "WatchFailed")]
        private partial void WatchFailed(string kind, Exception exception);

        public void SubscriberFailed(Exception exception) => SubscriberFailed(kind.Name, exception);

        /// <summary>Code that is told of new bundles threw an exception. The bundles are in force all the same.</summary>
        /// <remarks>The exception names the subscriber: correct it.</remarks>
        [LoggerMessage(10, LogLevel.Error, "A subscriber to changes of {Kind} failed; the new ones are in use all the same.", EventName = "SubscriberFailed")]
        private partial void SubscriberFailed(string kind, Exception exception);
    }
}
