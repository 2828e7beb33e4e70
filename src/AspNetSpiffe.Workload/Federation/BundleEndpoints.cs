using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Primitives;

namespace AspNetSpiffe;

/// <summary>The bundles of all trust domains that have an endpoint in the settings, kept current by polling. Read the newest, subscribe to the next.</summary>
/// <remarks>Thread-safe; reading takes no lock, and nothing of it runs in a handshake. Only the settings say where a bundle comes from.</remarks>
internal sealed partial class BundleEndpoints : IAsyncDisposable, IDisposable
{
    private readonly FrozenDictionary<TrustDomain, BundleEndpointWatch> _watches;
    private readonly NotificationQueue _notifications;
    private readonly SourceRun _run;
    private readonly Newest<FederatedBundleSet> _newest;
    private readonly Lock _lock = new();
    private volatile Given? _given;

    /// <param name="endpoints">The entries of the settings.</param>
    /// <param name="loggerFactory">Where fetches and problems are told.</param>
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

    /// <summary>Makes those of the settings.</summary>
    /// <exception cref="ArgumentException">The settings have an error.</exception>
    public static BundleEndpoints Of(IEnumerable<KeyValuePair<string, SpiffeFederationOptions>> entries, SpiffeLimits limits, ILoggerFactory loggerFactory, TimeProvider time, Meter meter)
    {
        var (endpoints, mistakes) = BundleEndpoint.ReadAll(entries, limits);
        return mistakes.IsEmpty ? new(endpoints, loggerFactory, time, meter) : throw new ArgumentException(string.Join(' ', mistakes.Select(m => $"{m.Key} {m.Mistake}")), nameof(entries));
    }

    /// <summary>Gets the newest bundles. Before the first fetch, a trust domain has its initial one, or none.</summary>
    public FederatedBundleSet Current => _newest.Value!;

    /// <summary>Gets our own trust domain, once it is known.</summary>
    public TrustDomain? Own => _given?.Own;

    /// <summary>Gets a token that fires when the next bundles are published. Take the token first, then read <see cref="Current"/>.</summary>
    public IChangeToken GetChangeToken() => _newest.GetChangeToken();

    /// <summary>Gets what went wrong last with each endpoint with which something did, in words for an operator.</summary>
    public IEnumerable<(TrustDomain TrustDomain, string Problem)> Problems => _watches.Where(static watch => watch.Value.LastProblem is not null).Select(static watch => (watch.Key, watch.Value.LastProblem!));

    /// <summary>Takes what the source of our identity gives: endpoints of other trust domains than their bundle are verified with it, and our own trust domain is nobody else's to tell of.</summary>
    /// <param name="own">Our own trust domain.</param>
    /// <param name="bundles">The bundles that came with our identity, before those of endpoints are in it.</param>
    public void TakeIdentity(TrustDomain own, X509BundleSet bundles)
    {
        var last = Own;
        _given = new(own, bundles);

        // Whoever has merged without knowing it must do so again.
        if (own != last && _watches.ContainsKey(own)) Notify();
    }

    /// <summary>Begins to poll, if that has not begun.</summary>
    public void Start() => _run.Start();

    /// <summary>Ends the polling without waiting for it. The last bundles stay readable.</summary>
    public void Dispose() => _run.Dispose();

    /// <summary>Ends the polling and waits for it. The last bundles stay readable.</summary>
    public async ValueTask DisposeAsync()
    {
        Dispose();
        await _run.DisposeAsync().ConfigureAwait(false);
        await _notifications.DrainAsync().ConfigureAwait(false);
    }

    private Task RunAsync(CancellationToken stopping)
    {
        // They outlive whoever happened to ask first, and must not keep that one's scopes and activities.
        using var _ = ExecutionContext.SuppressFlow();
        return Task.Run(() => Task.WhenAll(_watches.Values.Select(watch => watch.RunAsync(stopping))), CancellationToken.None);
    }

    // An endpoint of another trust domain than its bundle is verified as the peers of that trust domain are (SPIFFE Federation §5.2.2.4).
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
