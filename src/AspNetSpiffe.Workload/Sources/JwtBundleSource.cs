using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Primitives;

namespace AspNetSpiffe;

/// <summary>The JWT bundles of all trust domains, kept current from the Workload API or files, to verify received tokens (Workload API §6.2.2).</summary>
/// <remarks>
/// Thread-safe; reading takes no lock. Each source has its own stream: create one per process. Bundles are not withdrawn like an identity: on any
/// error, the last valid ones are kept, and the source retries.
/// </remarks>
public sealed partial class JwtBundleSource : IAsyncDisposable, IDisposable
{
    private static readonly BundleKind<JwtBundleSet> Kind = new(
        "JWT bundles",
        "jwt_bundles",
        "make any token valid",
        static (feed, _, stopping) => feed.WatchJwtUpdatesAsync(stopping),
        static (federated, given, own) => federated.ApplyTo(given, own),
        static (one, other) => one.SameContentAs(other));

    private readonly BundleWatch<JwtBundleSet> _watch;
    private readonly VerifiedTokens _verified = new();

    internal JwtBundleSource(SpiffeOptions options, ILoggerFactory loggerFactory, TimeProvider time, SourceRegistry? registry = null, BundleEndpoints? federated = null)
    {
        _watch = new(
            Kind, options, LogCategories.JwtBundles, loggerFactory, time, registry, federated,
            static (logger, what, bundles) => Log.Renewed(logger, what, bundles.Count, bundles.Sum(bundle => bundle.Authorities.Length)));
        _watch.Registry.Add(this);
    }

    /// <summary>Gets the address of the Workload API; <see langword="null"/> if the bundles come from files.</summary>
    public WorkloadApiAddress? Address => (_watch.Origin as AgentOrigin)?.Address;

    /// <summary>Gets the current bundles; <see langword="null"/> before the first update.</summary>
    public JwtBundleSet? Current => _watch.Newest.Value;

    /// <summary>Creates a source and waits for the first bundles, for programs without a host.</summary>
    /// <param name="options">The options with the origin of the bundles and the timeout.</param>
    /// <param name="loggerFactory">The logger factory; no logs by default.</param>
    /// <param name="cancellationToken">Cancels the wait.</param>
    /// <exception cref="FormatException">The address in the options is malformed, or there is none.</exception>
    /// <exception cref="ArgumentException">A value of the options is out of range.</exception>
    /// <exception cref="InvalidOperationException">There were no bundles within <see cref="SpiffeOptions.StartupTimeout"/>; the message has the cause and the remedy.</exception>
    /// <example><code>
    /// await using var bundles = await JwtBundleSource.StartAsync(new SpiffeOptions { EndpointSocket = "unix:///run/spire/agent.sock" });
    /// if (bundles.Verify(token, ["orders"]) is { Accepted: true } result) Console.WriteLine(result.Id);
    /// </code></example>
    public static async Task<JwtBundleSource> StartAsync(SpiffeOptions options, ILoggerFactory? loggerFactory = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.RequireValid(nameof(options));

        var source = new JwtBundleSource(options, loggerFactory ?? NullLoggerFactory.Instance, TimeProvider.System);
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

    /// <summary>Verifies a token with the newest bundles, as <see cref="JwtSvidVerifier.Verify"/> does. Verified tokens are cached, which makes the next verification much cheaper.</summary>
    /// <param name="token">The token in compact form, without the authentication scheme.</param>
    /// <param name="audiences">The accepted audiences: the token must have at least one of these, exactly as written.</param>
    /// <param name="leeway">The tolerated clock skew: 30 seconds by default, at most 60.</param>
    /// <exception cref="ArgumentException">There is no audience, one is empty, or <paramref name="leeway"/> is out of range.</exception>
    public JwtVerificationResult Verify(string token, IReadOnlyCollection<string> audiences, TimeSpan? leeway = null)
    {
        ArgumentNullException.ThrowIfNull(token);
        JwtSvidVerifier.CheckExpectations(audiences, leeway);
        return Current is { } bundles
            ? _verified.Verify(token, bundles, audiences, _watch.Origin.Time.GetUtcNow(), leeway)
            : JwtVerificationResult.Reject(JwtRejectionReason.NoBundles);
    }

    /// <summary>Waits until there are bundles.</summary>
    /// <exception cref="WorkloadApiException">The Workload API returned a permanent error.</exception>
    /// <exception cref="ObjectDisposedException">The source was disposed before it had bundles.</exception>
    public Task<JwtBundleSet> WaitForFirstAsync(CancellationToken cancellationToken) => _watch.Newest.WaitAsync(cancellationToken);

    /// <summary>Gets a change token that fires when new bundles are published. Get the token first, then read <see cref="Current"/>.</summary>
    public IChangeToken GetChangeToken() => _watch.Newest.GetChangeToken();

    /// <summary>Stops the watch without waiting for its end. The last bundles stay readable.</summary>
    public void Dispose()
    {
        _watch.Registry.Remove(this);
        _watch.Dispose();
        _watch.Newest.GiveUp(new ObjectDisposedException(nameof(JwtBundleSource)));
    }

    /// <summary>Stops the watch and waits for its end. The last bundles stay readable.</summary>
    public async ValueTask DisposeAsync()
    {
        Dispose();
        await _watch.DisposeAsync().ConfigureAwait(false);
    }

    internal WatchStatus Status => _watch.Status;

    internal void Start() => _watch.Start();

    internal Task<JwtBundleSet> RequireFirstAsync(TimeSpan timeout, CancellationToken cancellationToken) => _watch.RequireFirstAsync(timeout, cancellationToken);

    /// <seealso cref="LogCategories.JwtBundles"/>
    private static partial class Log
    {
        /// <summary>New JWT bundles are in use: the first ones, or changed keys or trust domains.</summary>
        /// <remarks>Nothing. If a trust domain is missing, check the federation in the registration entry.</remarks>
        [LoggerMessage(2, LogLevel.Information, "JWT bundles {What}. Trust domains: {TrustDomains}; keys: {Keys}.", EventName = "JwtBundlesRenewed")]
        public static partial void Renewed(ILogger logger, string what, int trustDomains, int keys);
    }
}
