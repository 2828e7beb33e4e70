using System.Runtime.CompilerServices;
using AspNetSpiffe.Wire;

namespace AspNetSpiffe;

/// <summary>A client of the SPIFFE Workload API, through which an agent gives workloads their SVIDs and trust bundles.</summary>
/// <remarks>
/// Thread-safe; all calls share one connection. It does not retry: <see cref="X509Source"/> does, and suits most programs better.
/// A call throws <see cref="WorkloadApiException"/> when there is no response or an error, and <see cref="FormatException"/> when the response is invalid.
/// </remarks>
public sealed partial class WorkloadApiClient : IDisposable, IFeed
{
    private readonly AgentChannel _channel;
    private readonly TimeProvider _time;
    private readonly SpiffeLimits _limits;
    private volatile KnownCertificates _known = KnownCertificates.None;
    private volatile KnownCertificates _knownBundles = KnownCertificates.None;
    private volatile KnownJwtBundles _knownJwtBundles = KnownJwtBundles.None;

    /// <summary>Creates a client. It connects with its first call.</summary>
    /// <param name="address">The address of the Workload API.</param>
    /// <param name="limits">The limits of a response; by default those of <see cref="SpiffeLimits"/>.</param>
    /// <exception cref="ArgumentException">A limit is out of range.</exception>
    public WorkloadApiClient(WorkloadApiAddress address, SpiffeLimits? limits = null)
        : this(address, TimeProvider.System, KeepAlive.Default, limits is null ? SpiffeLimits.Default : limits with { })
    {
    }

    internal WorkloadApiClient(WorkloadApiAddress address, TimeProvider time, KeepAlive keepAlive, SpiffeLimits limits)
    {
        ArgumentNullException.ThrowIfNull(address);
        foreach (var (property, mistake) in limits.Mistakes()) throw new ArgumentException($"{property} {mistake}", nameof(limits));
        _channel = new(address, keepAlive, limits);
        _time = time;
        _limits = limits;
    }

    /// <summary>Fetches our X509-SVIDs and all bundles once (Workload API §5.2.1).</summary>
    /// <exception cref="WorkloadApiException">There is no response, or an error.</exception>
    /// <exception cref="FormatException">The response is invalid.</exception>
    public Task<X509Context> FetchX509ContextAsync(CancellationToken cancellationToken = default) => FirstAsync(WatchX509ContextAsync(cancellationToken));

    /// <summary>Watches our X509-SVIDs and all bundles: first the current ones, then each change, until the agent ends the stream (Workload API §5.2.1).</summary>
    /// <exception cref="WorkloadApiException">There is no response, or the stream ends with an error.</exception>
    /// <exception cref="FormatException">A message is invalid; the watch ends.</exception>
    public async IAsyncEnumerable<X509Context> WatchX509ContextAsync([EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        UserStores.RequireReadable();
        await foreach (var update in WatchX509UpdatesAsync(null, cancellationToken).ConfigureAwait(false))
            yield return update.Value ?? throw update.Problem!;
    }

    /// <summary>Fetches the X.509 bundles of all trust domains once, for a workload that has no SVID (Workload API §5.2.2).</summary>
    /// <exception cref="WorkloadApiException">There is no response, or an error.</exception>
    /// <exception cref="FormatException">The response is invalid.</exception>
    public Task<X509BundleSet> FetchX509BundlesAsync(CancellationToken cancellationToken = default) => FirstAsync(WatchX509BundlesAsync(cancellationToken));

    /// <summary>Watches the X.509 bundles of all trust domains: first the current ones, then each change, until the agent ends the stream (Workload API §5.2.2).</summary>
    /// <exception cref="WorkloadApiException">There is no response, or the stream ends with an error.</exception>
    /// <exception cref="FormatException">A message is invalid; the watch ends.</exception>
    public async IAsyncEnumerable<X509BundleSet> WatchX509BundlesAsync([EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        await foreach (var update in WatchX509BundleUpdatesAsync(null, cancellationToken).ConfigureAwait(false))
            yield return update.Value ?? throw update.Problem!;
    }

    /// <summary>Closes the connection; calls in progress fail.</summary>
    public void Dispose() => _channel.Dispose();

    /// <summary>Watches as <see cref="WatchX509ContextAsync"/> does, but continues after an invalid message.</summary>
    /// <param name="remarkLater">Receives an error in a bundle that is decoded on first use; without it, all are decoded immediately.</param>
    /// <param name="cancellationToken">Ends the watch.</param>
    internal async IAsyncEnumerable<Update<X509Context>> WatchX509UpdatesAsync(Action<string>? remarkLater, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var message in _channel.WatchAsync(static (agent, options) => agent.FetchX509SVID(new(), options), cancellationToken).ConfigureAwait(false))
            yield return ReadX509Svids(message, remarkLater, cancellationToken);
    }

    IAsyncEnumerable<Update<X509Context>> IFeed.WatchX509UpdatesAsync(Action<string>? remarkLater, CancellationToken stopping) => WatchX509UpdatesAsync(remarkLater, stopping);

    IAsyncEnumerable<Update<X509BundleSet>> IFeed.WatchX509BundleUpdatesAsync(Action<string>? remarkLater, CancellationToken stopping) => WatchX509BundleUpdatesAsync(remarkLater, stopping);

    IAsyncEnumerable<Update<JwtBundleSet>> IFeed.WatchJwtUpdatesAsync(CancellationToken stopping) => WatchJwtUpdatesAsync(stopping);

    private Update<X509Context> ReadX509Svids(X509SVIDResponse message, Action<string>? remarkLater, CancellationToken cancellationToken)
    {
        if (message.Refusal is { } refusal) return new(null, refusal, []);

        var reader = new X509ContextReader(_time, _limits, _known, remarkLater);
        try
        {
            var context = reader.Read(message, cancellationToken).WithRemarks(reader.Remarks);
            _known = KnownCertificates.Of(context);
            return new(context, null, reader.Remarks);
        }
        catch (FormatException e)
        {
            return new(null, e, reader.Remarks);
        }
    }

    private async Task<T> FirstAsync<T>(IAsyncEnumerable<T> watch) where T : class
    {
        await foreach (var first in watch.ConfigureAwait(false)) return first;
        throw Malformed("The stream ended before its first message.");
    }
}
