using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Primitives;

namespace AspNetSpiffe;

/// <summary>Our SVIDs and all trust bundles, kept current from the Workload API, files or code (Workload API §5.2.1). Read the current context, wait for the first, or subscribe to changes.</summary>
/// <remarks>
/// Thread-safe; reading takes no lock. One source is enough for all servers and clients of a process. Several sources of one Workload API
/// share one stream, which ends when the last source is disposed.
/// </remarks>
public sealed partial class X509Source : IAsyncDisposable, IDisposable
{
    private readonly TimeSpan _startupTimeout;
    private readonly X509SourceWatch _watch;
    private readonly Withdrawal _withdrawal;
    private readonly SourceRun _run;
    private readonly Newest<X509Context> _newest;
    private readonly VerifiedPeers _verified;
    private readonly SourceRegistry _registry;
    private readonly SourceRegistry? _ownRegistry;
    private readonly BundleEndpoints? _ownFederated;
    private readonly IDisposable _federatedSubscription;
    private volatile bool _issued;

    // In a host, all sources share the registry and the bundles of endpoints; without a host, each source has its own.
    internal X509Source(SpiffeOptions options, ILoggerFactory loggerFactory, SourceRegistry? registry, TimeProvider time, BundleEndpoints? federated = null)
    {
        (_startupTimeout, Origin) = (options.StartupTimeout, Origin.Of(options, time));
        LoggerFactory = loggerFactory;
        Notifications = new(loggerFactory);
        var logger = Notifications.CreateLogger(LogCategories.X509Svids);
        _registry = registry ?? (_ownRegistry = new(null));
        Metrics = new(_registry.Meter, Notifications);
        Status = new("x509_context", Origin, Metrics, Notifications);
        _verified = new(Limits);
        _newest = new(e => Log.SubscriberFailed(logger, e));
        _withdrawal = new(this, options, logger);
        Expiry = new(this, () => _watch!.Trouble, logger);
        if (options.Revocation.Lists.Count > 0) Revocation = new(options.Revocation, Limits, time, Notifications.CreateLogger(LogCategories.Revocation), _newest.Notify);
        var choice = new SvidChoice(options.Hint, options.Identity is null ? null : SpiffeIdPattern.Parse(options.Identity));
        _watch = new(this, _withdrawal, choice, logger);
        _run = new(RunAsync);
        Federated = federated ?? (_ownFederated = BundleEndpoints.Of(options.Federation, options.Limits, loggerFactory, time, _registry.Meter));
        _federatedSubscription = ChangeToken.OnChange(Federated.GetChangeToken, _watch.MergeAgain);
        _registry.Add(this);
    }

    /// <summary>Gets the address of the Workload API; <see langword="null"/> if the identity comes from files or code.</summary>
    public WorkloadApiAddress? Address => (Origin as AgentOrigin)?.Address;

    /// <summary>Gets the current context; <see langword="null"/> before the first update and after our identity was withdrawn.</summary>
    public X509Context? Current => _newest.Value;

    /// <summary>Verifies a certificate that was not presented in a handshake of this library, with the current bundles (X509-SVID §5). Verified certificates are cached: the next verification costs a hash and no chain build.</summary>
    /// <remarks>It verifies neither the possession of the private key nor whether the peer is allowed. Invalid certificates are a result, not an exception.</remarks>
    /// <param name="leaf">The leaf. The returned peer refers to it and does not dispose it.</param>
    /// <param name="intermediates">The certificates that were sent with it.</param>
    /// <param name="role">The role of the peer.</param>
    /// <returns>The verified peer, or the rejection reason. Without an identity of our own there are no bundles, and every peer is rejected.</returns>
    public VerificationResult Verify(X509Certificate2? leaf, X509Certificate2Collection intermediates, PeerRole role)
    {
        ArgumentNullException.ThrowIfNull(intermediates);
        return Current is { } context
            ? ((ITrustSource)this).LookUp(_verified.Verify(leaf, intermediates, context.Bundles, role, Time.GetUtcNow()))
            : VerificationResult.Reject(RejectionReason.UnknownTrustDomain);
    }

    internal ILoggerFactory LoggerFactory { get; }

    /// <summary>Gets the queue for calls of external code, after a change has taken effect.</summary>
    internal NotificationQueue Notifications { get; }

    internal SpiffeMetrics Metrics { get; }

    internal WatchStatus Status { get; }

    /// <summary>Gets the bundles of endpoints.</summary>
    internal BundleEndpoints Federated { get; }

    internal ExpiryWarnings Expiry { get; }

    /// <summary>Gets the last error and its remedy, as text for an operator; <see langword="null"/> without an error.</summary>
    internal string? LastProblem => _watch.LastProblem;

    /// <summary>Gets the certificate revocation lists; <see langword="null"/> if none are configured.</summary>
    internal RevocationWatch? Revocation { get; }

    /// <summary>Gets the origin of our identity.</summary>
    internal Origin Origin { get; }

    internal TimeProvider Time => Origin.Time;

    internal SpiffeLimits Limits => Origin.Limits;

    /// <summary>Creates a source and waits for its first SVID, for programs without a host.</summary>
    /// <param name="options">The options with the origin of the identity, the timeout, and the selection of the SVID.</param>
    /// <param name="loggerFactory">The logger factory; no logs by default.</param>
    /// <param name="cancellationToken">Cancels the wait.</param>
    /// <exception cref="FormatException">An address or a pattern in the options is malformed, or there is no address.</exception>
    /// <exception cref="ArgumentException">A value of the options is out of range.</exception>
    /// <exception cref="InvalidOperationException">There was no SVID within <see cref="SpiffeOptions.StartupTimeout"/>, or certificate chains cannot be built on this machine; the message has the cause and the remedy.</exception>
    /// <example><code>
    /// await using var source = await X509Source.StartAsync(new SpiffeOptions { EndpointSocket = "unix:///run/spire/agent.sock" });
    /// </code></example>
    public static async Task<X509Source> StartAsync(SpiffeOptions options, ILoggerFactory? loggerFactory = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.RequireValid(nameof(options));

        var source = new X509Source(options, loggerFactory ?? NullLoggerFactory.Instance, null, TimeProvider.System);
        try
        {
            await source.EnsureStartedAsync(cancellationToken).ConfigureAwait(false);
            return source;
        }
        catch
        {
            await source.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Starts the source if it has not been started, and waits for the first SVID, at most <see cref="SpiffeOptions.StartupTimeout"/>.</summary>
    /// <remarks>For programs with a service container but without a host; a host calls it when it starts.</remarks>
    /// <exception cref="InvalidOperationException">There was no SVID in time; the message has the cause and the remedy.</exception>
    public Task<X509Context> EnsureStartedAsync(CancellationToken cancellationToken)
    {
        Start();
        return RequireFirstAsync(_startupTimeout, cancellationToken);
    }

    /// <summary>Waits until there is a context.</summary>
    /// <exception cref="WorkloadApiException">The Workload API returned a permanent error.</exception>
    /// <exception cref="ObjectDisposedException">The source was disposed before it had a context.</exception>
    public Task<X509Context> WaitForFirstAsync(CancellationToken cancellationToken) => _newest.WaitAsync(cancellationToken);

    /// <summary>Gets a change token that fires when a new context is published, or a certificate revocation list was renewed. Get the token first, then read <see cref="Current"/>.</summary>
    public IChangeToken GetChangeToken() => _newest.GetChangeToken();

    /// <summary>Stops the watch without waiting for its end. The last context stays readable.</summary>
    public void Dispose()
    {
        _registry.Remove(this);
        _run.Dispose();
        _ownFederated?.Dispose();
        _federatedSubscription.Dispose();
        _withdrawal.Dispose();
        _watch.Dispose();
        Expiry.Dispose();
        GiveUp(new ObjectDisposedException(nameof(X509Source)));

        // Disposed through the queue, after all measurements that were queued before.
        if (_ownRegistry is not null) Notifications.Post(_ownRegistry.Dispose);
    }

    /// <summary>Stops the watch and waits for its end. The last context stays readable.</summary>
    public async ValueTask DisposeAsync()
    {
        Dispose();
        await _run.DisposeAsync().ConfigureAwait(false);
        if (_ownFederated is not null) await _ownFederated.DisposeAsync().ConfigureAwait(false);
        await Notifications.DrainAsync().ConfigureAwait(false);
    }

    /// <summary>Describes why there is no SVID now.</summary>
    internal string DescribeAbsence() => (_run.IsStarted, _issued) switch
    {
        (false, _) => "There is no SVID: its source was never started. Start the host, or call 'X509Source.EnsureStartedAsync()'.",
        (_, false) => $"There is no SVID yet: {Origin} has sent none since the source was started.",
        _ => $"There is no SVID: {Origin} has withdrawn it.",
    };

    internal void Start()
    {
        UserStores.RequireReadable();
        _run.Start();
        Federated.Start();
    }

    private async Task RunAsync(CancellationToken stopping)
    {
        Revocation?.Start();
        await _watch.RunAsync(stopping).ConfigureAwait(false);
        if (Revocation is not null) await Revocation.DisposeAsync().ConfigureAwait(false);
    }

    internal Task<X509Context> RequireFirstAsync(TimeSpan timeout, CancellationToken cancellationToken) => _newest.RequireAsync(
        timeout,
        Time,
        waited => $"{Origin.Title} issued no identity to this workload{waited}. {LastProblem ?? "It has not responded."}",
        cancellationToken);

    internal void Publish(X509Context next)
    {
        _issued = true;
        _newest.Publish(next);
        Expiry.Watch(next.DefaultSvid);
    }

    internal void Withdraw()
    {
        _newest.Withdraw();
        Expiry.Cancel();
    }

    internal void GiveUp(Exception problem) => _newest.GiveUp(problem);

    /// <seealso cref="LogCategories.X509Svids"/>
    private static partial class Log
    {
        /// <summary>A subscriber to SVID changes threw an exception. The SVID is used nevertheless.</summary>
        /// <remarks>The exception names the subscriber: correct it.</remarks>
        [LoggerMessage(10, LogLevel.Error, "A subscriber to SVID changes failed; the new SVID is in use nevertheless.", EventName = "SubscriberFailed")]
        public static partial void SubscriberFailed(ILogger logger, Exception exception);
    }
}
