using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Primitives;

namespace AspNetSpiffe;

/// <summary>The X.509 bundles of all trust domains, kept current from the Workload API or files, to verify servers without an SVID of our own (Workload API §5.2.2).</summary>
/// <remarks>
/// Thread-safe; reading takes no lock. Each source has its own stream: create one per process. Bundles are not withdrawn like an identity: on any
/// error, the last valid ones are kept, and the source retries.
/// </remarks>
public sealed partial class X509BundleSource : IAsyncDisposable, IDisposable
{
    private static readonly BundleKind<X509BundleSet> Kind = new(
        "X.509 bundles",
        "x509_bundles",
        "impersonate any server",
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

    /// <summary>Gets the address of the Workload API; <see langword="null"/> if the bundles come from files or code.</summary>
    public WorkloadApiAddress? Address => (_watch.Origin as AgentOrigin)?.Address;

    /// <summary>Gets the current bundles; <see langword="null"/> before the first update.</summary>
    public X509BundleSet? Current => _watch.Newest.Value;

    /// <summary>Creates a source and waits for the first bundles, for programs without a host.</summary>
    /// <param name="options">The options with the origin of the bundles and the timeout.</param>
    /// <param name="loggerFactory">The logger factory; no logs by default.</param>
    /// <param name="cancellationToken">Cancels the wait.</param>
    /// <exception cref="FormatException">The address in the options is malformed, or there is none.</exception>
    /// <exception cref="ArgumentException">A value of the options is out of range.</exception>
    /// <exception cref="InvalidOperationException">There were no bundles within <see cref="SpiffeOptions.StartupTimeout"/>; the message has the cause and the remedy.</exception>
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
    /// <exception cref="WorkloadApiException">The Workload API returned a permanent error.</exception>
    /// <exception cref="ObjectDisposedException">The source was disposed before it had bundles.</exception>
    public Task<X509BundleSet> WaitForFirstAsync(CancellationToken cancellationToken) => _watch.Newest.WaitAsync(cancellationToken);

    /// <summary>Gets a change token that fires when new bundles are published. Get the token first, then read <see cref="Current"/>.</summary>
    public IChangeToken GetChangeToken() => _watch.Newest.GetChangeToken();

    /// <summary>Stops the watch without waiting for its end. The last bundles stay readable.</summary>
    public void Dispose()
    {
        _watch.Registry.Remove(this);
        _watch.Dispose();
        _watch.Newest.GiveUp(new ObjectDisposedException(nameof(X509BundleSource)));
    }

    /// <summary>Stops the watch and waits for its end. The last bundles stay readable.</summary>
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
        /// <summary>New X.509 bundles are in use: the first ones, or changed authorities or trust domains.</summary>
        /// <remarks>Nothing. If a trust domain is missing, check the federation in the registration entry.</remarks>
        [LoggerMessage(2, LogLevel.Information, "X.509 bundles {What}. Trust domains: {TrustDomains}; authorities: {Authorities}.", EventName = "X509BundlesRenewed")]
        public static partial void Renewed(ILogger logger, string what, int trustDomains, int authorities);
    }
}
