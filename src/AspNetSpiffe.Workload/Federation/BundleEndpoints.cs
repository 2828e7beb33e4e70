using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Primitives;

namespace AspNetSpiffe;

/// <summary>The bundles of all trust domains with a configured endpoint, kept current by polling.</summary>
/// <remarks>Thread-safe; reading takes no lock, and nothing of it runs in a handshake. Endpoints come from the configuration only.</remarks>
internal sealed partial class BundleEndpoints : IAsyncDisposable, IDisposable
{
    private readonly FrozenDictionary<TrustDomain, BundleEndpointWatch> _watches;
    private readonly NotificationQueue _notifications;
    private readonly SourceRun _run;
    private readonly Newest<FederatedBundleSet> _newest;
    private readonly Lock _lock = new();
    private volatile Given? _given;

    /// <param name="endpoints">The configured endpoints.</param>
    /// <param name="loggerFactory">The log of fetches and errors.</param>
    /// <param name="time">The clock.</param>
    /// <param name="meter">Counts fetches.</param>
    public BundleEndpoints(ImmutableArray<BundleEndpoint> endpoints, ILoggerFactory loggerFactory, TimeProvider time, Meter meter)
    {
        _notifications = new(loggerFactory);
        var logger = _notifications.CreateLogger(LogCategories.Federation);
        _newest = new(e => SubscriberFailed(logger, e));
        _newest.Publish(new(endpoints.ToImmutableDictionary(endpoint => endpoint.TrustDomain, endpoint => endpoint.Initial)));
        var fetches = SpiffeInstruments.Fetches.CreateCounter(meter);
        void Count(TrustDomain trustDomain, string? error) => _notifications.Post(() => fetches.Add(1, Tag.WithError(error, KeyValuePair.Create<string, object?>(Tag.BundleTrustDomain, trustDomain.Name))));
        _watches = endpoints.ToFrozenDictionary(
            endpoint => endpoint.TrustDomain, endpoint => new BundleEndpointWatch(endpoint, Find, () => Own == endpoint.TrustDomain, Publish, Count, time, logger));
        _run = new(RunAsync);
    }

    /// <summary>Creates them from the options.</summary>
    /// <exception cref="ArgumentException">The options are invalid.</exception>
    public static BundleEndpoints Of(IEnumerable<KeyValuePair<string, SpiffeFederationOptions>> entries, SpiffeLimits limits, ILoggerFactory loggerFactory, TimeProvider time, Meter meter)
    {
        var (endpoints, mistakes) = BundleEndpoint.ReadAll(entries, limits);
        return mistakes.IsEmpty ? new(endpoints, loggerFactory, time, meter) : throw new ArgumentException(string.Join(' ', mistakes.Select(m => $"{m.Key} {m.Mistake}")), nameof(entries));
    }

    /// <summary>Gets the current bundles. Before the first fetch, a trust domain has its initial bundle, or none.</summary>
    public FederatedBundleSet Current => _newest.Value!;

    /// <summary>Gets our own trust domain; <see langword="null"/> until it is known.</summary>
    public TrustDomain? Own => _given?.Own;

    /// <summary>Gets a change token that fires when new bundles are published. Get the token first, then read <see cref="Current"/>.</summary>
    public IChangeToken GetChangeToken() => _newest.GetChangeToken();

    /// <summary>Gets the current error of each endpoint that has one, as text for an operator.</summary>
    public IEnumerable<(TrustDomain TrustDomain, string Problem)> Problems => _watches.Where(static watch => watch.Value.LastProblem is not null).Select(static watch => (watch.Key, watch.Value.LastProblem!));

    /// <summary>Sets the bundles of the source of our identity. They verify endpoints that are in another trust domain than the bundle that they serve; the bundle of our own trust domain never comes from an endpoint.</summary>
    /// <param name="own">Our own trust domain.</param>
    /// <param name="bundles">The bundles that came with our identity, before the bundles of endpoints are merged.</param>
    public void TakeIdentity(TrustDomain own, X509BundleSet bundles)
    {
        var last = Own;
        _given = new(own, bundles);

        // Sources that merged before our own trust domain was known must merge again.
        if (own != last && _watches.ContainsKey(own)) Notify();
    }

    /// <summary>Starts polling, if it has not been started.</summary>
    public void Start() => _run.Start();

    /// <summary>Stops polling without waiting for its end. The last bundles stay readable.</summary>
    public void Dispose() => _run.Dispose();

    /// <summary>Stops polling and waits for its end. The last bundles stay readable.</summary>
    public async ValueTask DisposeAsync()
    {
        Dispose();
        await _run.DisposeAsync().ConfigureAwait(false);
        await _notifications.DrainAsync().ConfigureAwait(false);
    }

    private Task RunAsync(CancellationToken stopping)
    {
        // The polling outlives its starter, and must not capture its log scopes and activities.
        using var _ = ExecutionContext.SuppressFlow();
        return Task.Run(() => Task.WhenAll(_watches.Values.Select(watch => watch.RunAsync(stopping))), CancellationToken.None);
    }

    // An endpoint in another trust domain than the bundle that it serves is verified like the peers of that trust domain (SPIFFE Federation §5.2.2.4).
    private X509Bundle? Find(TrustDomain trustDomain)
    {
        var given = _given;
        return Current.ApplyTo(given?.Bundles ?? new([]), given?.Own).Find(trustDomain);
    }

    private void Publish(SpiffeBundle bundle)
    {
        lock (_lock) _newest.Publish(new(Current.Bundles.SetItem(bundle.TrustDomain, bundle)));
    }

    private void Notify()
    {
        lock (_lock) _newest.Publish(new(Current.Bundles));
    }

    private sealed record Given(TrustDomain Own, X509BundleSet Bundles);

    /// <summary>A subscriber to new federated bundles threw an exception. The bundles are used nevertheless.</summary>
    /// <remarks>The exception names the subscriber: correct it, or report it if it is ours.</remarks>
    /// <seealso cref="LogCategories.Federation"/>
    [LoggerMessage(10, LogLevel.Error, "A subscriber to federated bundles failed; the new bundles are in use nevertheless.", EventName = "SubscriberFailed")]
    private static partial void SubscriberFailed(ILogger logger, Exception exception);
}
