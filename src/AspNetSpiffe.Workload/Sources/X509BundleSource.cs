using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Primitives;

namespace AspNetSpiffe;

/// <summary>The X.509 bundles of all trust domains, kept current by the Workload API or by files, to verify servers without an SVID of our own (Workload API §5.2.2).</summary>
/// <remarks>
/// Thread-safe; reading takes no lock. Each source has a stream of its own: make one for a process. Bundles are no identity: whatever
/// happens, the last good ones stay, and the source tries again.
/// </remarks>
public sealed partial class X509BundleSource : IAsyncDisposable, IDisposable
{
    private readonly Origin _origin;
    private readonly SourceRun _run;
    private readonly NotificationQueue _notifications;
    private readonly SpiffeMetrics _metrics;
    private readonly Newest<X509BundleSet> _newest;
    private readonly Log _log;
    private readonly RevocationWatch? _revocation;
    private readonly BundleEndpoints _federated;
    private readonly BundleEndpoints? _ownFederated;
    private readonly IDisposable _federatedSubscription;
    private readonly Lock _lock = new();
    private X509BundleSet? _given;
    private volatile Trouble? _trouble;

    // In a host, all sources have the bundles of endpoints in common; without one, each has its own.
    internal X509BundleSource(SpiffeOptions options, ILoggerFactory loggerFactory, IMeterFactory? meterFactory, TimeProvider time, BundleEndpoints? federated = null)
    {
        _origin = Origin.Of(options, time);
        _notifications = new(loggerFactory);
        _metrics = new(meterFactory, _notifications, hasSvid: false);
        _log = new(_origin, _notifications.CreateLogger("AspNetSpiffe.X509BundleSource"));
        _newest = new(_log.SubscriberFailed);
        if (options.Revocation.Lists.Count > 0) _revocation = new(options.Revocation, _origin.Limits, time, _notifications.CreateLogger("AspNetSpiffe.Revocation"), _newest.Notify);
        _run = new(new Watch<X509BundleSet>(_origin, static (feed, stopping) => feed.WatchX509BundleUpdatesAsync(stopping), Take, _log).RunAsync);
        _federated = federated ?? (_ownFederated = BundleEndpoints.Of(options.Federation, options.Limits, loggerFactory, time));
        _federatedSubscription = ChangeToken.OnChange(_federated.GetChangeToken, Merge);
    }

    /// <summary>Gets the address of the Workload API; <see langword="null"/> where the bundles come from files or code.</summary>
    public WorkloadApiAddress? Address => (_origin as AgentOrigin)?.Address;

    /// <summary>Gets the newest bundles, or <see langword="null"/> before the first.</summary>
    public X509BundleSet? Current => _newest.Value;

    /// <summary>Makes a source and waits for the first bundles, for programs without a host.</summary>
    /// <param name="options">Where the bundles come from, and how long to wait.</param>
    /// <param name="loggerFactory">Where the source logs; nowhere by default.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <exception cref="FormatException">The address in the options is malformed, or there is none.</exception>
    /// <exception cref="ArgumentException">A value of the options is out of its range.</exception>
    /// <exception cref="InvalidOperationException">There were no bundles in time; the message says what happened and what to do.</exception>
    /// <example><code>
    /// await using var bundles = await X509BundleSource.StartAsync(new SpiffeOptions { EndpointSocket = "unix:///run/spire/agent.sock" });
    /// using var client = new HttpClient(SpiffeHttpHandler.CreateTls(bundles, SpiffeIdPattern.Parse("spiffe://example.org/orders")));
    /// </code></example>
    public static async Task<X509BundleSource> StartAsync(SpiffeOptions options, ILoggerFactory? loggerFactory = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.RequireValid(nameof(options));

        var source = new X509BundleSource(options, loggerFactory ?? NullLoggerFactory.Instance, null, TimeProvider.System);
        try
        {
            source.Start();
            await source.RequireFirstAsync(options.StartupTimeout, cancellationToken).ConfigureAwait(false);
            return source;
        }
        catch
        {
            await source.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Waits until there are bundles.</summary>
    /// <exception cref="WorkloadApiException">The Workload API gave an answer that no retry can change.</exception>
    /// <exception cref="ObjectDisposedException">The source is disposed, and never had bundles.</exception>
    public Task<X509BundleSet> WaitForFirstAsync(CancellationToken cancellationToken) => _newest.WaitAsync(cancellationToken);

    /// <summary>Gets a token that fires when the next bundles are published. Take the token first, then read <see cref="Current"/>.</summary>
    public IChangeToken GetChangeToken() => _newest.GetChangeToken();

    /// <summary>Ends the watch without waiting for it. The last bundles stay readable.</summary>
    public void Dispose()
    {
        _run.Dispose();
        _ownFederated?.Dispose();
        _federatedSubscription.Dispose();
        _newest.GiveUp(new ObjectDisposedException(nameof(X509BundleSource)));
    }

    /// <summary>Ends the watch and waits for it. The last bundles stay readable.</summary>
    public async ValueTask DisposeAsync()
    {
        Dispose();
        await _run.DisposeAsync().ConfigureAwait(false);
        if (_ownFederated is not null) await _ownFederated.DisposeAsync().ConfigureAwait(false);
        if (_revocation is not null) await _revocation.DisposeAsync().ConfigureAwait(false);
        await _notifications.DrainAsync().ConfigureAwait(false);
    }

    internal void Start()
    {
        UserStores.RequireReadable();
        _revocation?.Start();
        _run.Start();
        _federated.Start();
    }

    internal Task<X509BundleSet> RequireFirstAsync(TimeSpan timeout, CancellationToken cancellationToken) => _newest.RequireAsync(
        timeout,
        _origin.Time,
        waited => $"{_origin.Title} gave no X.509 bundles{waited}. {_trouble?.Problem ?? "It has not answered."}",
        cancellationToken);

    private void Take(WatchState<X509BundleSet> state)
    {
        _trouble = state.Trouble;
        if (state.End is { } end) _newest.GiveUp(end);
        lock (_lock) _given = state.Value ?? _given;
        Merge();
    }

    // What the endpoints have and what the Workload API sent meet here.
    private void Merge()
    {
        lock (_lock)
        {
            if (_given is not { } given) return;
            var bundles = _federated.Current.ApplyTo(given, _federated.Own);
            if (Current?.SameContentAs(bundles) is true) return;

            var what = Current is null ? "obtained" : "renewed";
            _newest.Publish(bundles);
            _log.Renewed(what, bundles.Count, bundles.Sum(bundle => bundle.Count));
        }
    }

    private sealed partial class Log(Origin origin, ILogger logger) : IWatchLog
    {
        [LoggerMessage(1, LogLevel.Warning, "No stream of X.509 bundles from {Origin}; trying again. {Problem}", EventName = "AgentUnavailable")]
        public partial void Unavailable(Origin origin, string problem);

        [LoggerMessage(2, LogLevel.Information, "X.509 bundles {What}. Trust domains: {TrustDomains}; authorities: {Authorities}.", EventName = "X509BundlesRenewed")]
        public partial void Renewed(string what, int trustDomains, int authorities);

        public void UpdateRefused(string problem, bool isFirst) => Refused(origin, problem, isFirst ? "there are none yet" : "the last good ones stay");

        [LoggerMessage(3, LogLevel.Error, "Refused an update of X.509 bundles from {Origin}. {Problem} Bundles: {State}.", EventName = "UpdateRefused")]
        private partial void Refused(Origin origin, string problem, string state);

        public void Remark(string remark) => Remark(origin, remark);

        [LoggerMessage(4, LogLevel.Warning, "In an update of X.509 bundles from {Origin}: {Remark}", EventName = "UpdateRemark")]
        private partial void Remark(Origin origin, string remark);

        public void GivenUp(Origin origin, string problem) => GivenUp(origin.Title, problem);

        [LoggerMessage(5, LogLevel.Error, "{Origin} gave an answer that no retry can change; the watch of X.509 bundles has ended. {Problem}", EventName = "WatchGivenUp")]
        private partial void GivenUp(string origin, string problem);

        [LoggerMessage(6, LogLevel.Warning, "The SPIFFE Workload API at {Endpoint} is not on this host: whoever can change what it sends over the network can make itself any server. Use a Unix socket.", EventName = "AgentNotLocal")]
        public partial void NotLocal(WorkloadApiAddress endpoint);

        [LoggerMessage(7, LogLevel.Error, "The watch of X.509 bundles failed; trying again.", EventName = "WatchFailed")]
        public partial void WatchFailed(Exception exception);

        [LoggerMessage(10, LogLevel.Error, "A subscriber to X.509 bundle changes failed; the new bundles are in use all the same.", EventName = "SubscriberFailed")]
        public partial void SubscriberFailed(Exception exception);
    }
}
