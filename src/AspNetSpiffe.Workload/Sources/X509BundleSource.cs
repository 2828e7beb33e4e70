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
    private static readonly BundleKind<X509BundleSet> Kind = new(
        "X.509 bundles",
        "x509_bundles",
        "make itself any server",
        static (feed, remarkLater, stopping) => feed.WatchX509BundleUpdatesAsync(remarkLater, stopping),
        static (federated, given, own) => federated.ApplyTo(given, own),
        static (one, other) => one.SameContentAs(other));

    private readonly BundleWatch<X509BundleSet> _watch;
    private readonly RevocationWatch? _revocation;

    internal X509BundleSource(SpiffeOptions options, ILoggerFactory loggerFactory, SourceRegistry? registry, TimeProvider time, BundleEndpoints? federated = null)
    {
        _watch = new(
            Kind, options, LogCategories.X509Bundles, loggerFactory, time, registry, federated,
            static (logger, what, bundles) => Log.Renewed(logger, what, bundles.Count, bundles.Sum(bundle => bundle.CertificateCount)));
        if (options.Revocation.Lists.Count > 0)
            _revocation = new(options.Revocation, _watch.Origin.Limits, time, _watch.Notifications.CreateLogger(LogCategories.Revocation), _watch.Newest.Notify);
        _watch.Registry.Add(this);
    }

    /// <summary>Gets the address of the Workload API; <see langword="null"/> where the bundles come from files or code.</summary>
    public WorkloadApiAddress? Address => (_watch.Origin as AgentOrigin)?.Address;

    /// <summary>Gets the newest bundles, or <see langword="null"/> before the first.</summary>
    public X509BundleSet? Current => _watch.Newest.Value;

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
    public Task<X509BundleSet> WaitForFirstAsync(CancellationToken cancellationToken) => _watch.Newest.WaitAsync(cancellationToken);

    /// <summary>Gets a token that fires when the next bundles are published. Take the token first, then read <see cref="Current"/>.</summary>
    public IChangeToken GetChangeToken() => _watch.Newest.GetChangeToken();

    /// <summary>Ends the watch without waiting for it. The last bundles stay readable.</summary>
    public void Dispose()
    {
        _watch.Registry.Remove(this);
        _watch.Dispose();
        _watch.Newest.GiveUp(new ObjectDisposedException(nameof(X509BundleSource)));
    }

    /// <summary>Ends the watch and waits for it. The last bundles stay readable.</summary>
    public async ValueTask DisposeAsync()
    {
        Dispose();
        if (_revocation is not null) await _revocation.DisposeAsync().ConfigureAwait(false);
        await _watch.DisposeAsync().ConfigureAwait(false);
    }

    internal WatchStatus Status => _watch.Status;

    internal void Start()
    {
        UserStores.RequireReadable();
        _revocation?.Start();
        _watch.Start();
    }

    internal Task<X509BundleSet> RequireFirstAsync(TimeSpan timeout, CancellationToken cancellationToken) => _watch.RequireFirstAsync(timeout, cancellationToken);

    /// <seealso cref="LogCategories.X509Bundles"/>
    private static partial class Log
    {
        /// <summary>There are new X.509 bundles: the first ones, or other authorities or trust domains than before. They are in force.</summary>
        /// <remarks>Nothing. If a trust domain is missing, look at the federation of its registration.</remarks>
        [LoggerMessage(2, LogLevel.Information, "X.509 bundles {What}. Trust domains: {TrustDomains}; authorities: {Authorities}.", EventName = "X509BundlesRenewed")]
        public static partial void Renewed(ILogger logger, string what, int trustDomains, int authorities);
    }
}
