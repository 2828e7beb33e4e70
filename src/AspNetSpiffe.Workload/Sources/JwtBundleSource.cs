using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Primitives;

namespace AspNetSpiffe;

/// <summary>The JWT bundles of all trust domains, kept current by the Workload API or by files, to verify the tokens of others (Workload API §6.2.2).</summary>
/// <remarks>
/// Thread-safe; reading takes no lock. Each source has a stream of its own: make one for a process. Bundles are no identity: whatever
/// happens, the last good ones stay, and the source tries again.
/// </remarks>
public sealed partial class JwtBundleSource : IAsyncDisposable, IDisposable
{
    private static readonly BundleKind<JwtBundleSet> Kind = new(
        "JWT bundles",
        "jwt_bundles",
        "make any token good",
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

    /// <summary>Gets the address of the Workload API; <see langword="null"/> where the bundles come from files.</summary>
    public WorkloadApiAddress? Address => (_watch.Origin as AgentOrigin)?.Address;

    /// <summary>Gets the newest bundles, or <see langword="null"/> before the first.</summary>
    public JwtBundleSet? Current => _watch.Newest.Value;

    /// <summary>Makes a source and waits for the first bundles, for programs without a host.</summary>
    /// <param name="options">Where the bundles come from, and how long to wait.</param>
    /// <param name="loggerFactory">Where the source logs; nowhere by default.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <exception cref="FormatException">The address in the options is malformed, or there is none.</exception>
    /// <exception cref="ArgumentException">A value of the options is out of its range.</exception>
    /// <exception cref="InvalidOperationException">There were no bundles in time; the message says what happened and what to do.</exception>
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

    /// <summary>Verifies a token with the newest bundles, as <see cref="JwtSvidVerifier.Verify"/> does; a good token that comes again costs much less.</summary>
    /// <param name="token">The token in compact form, without the scheme that it came with.</param>
    /// <param name="audiences">Who we are: the token must be addressed to at least one of these, exactly as written.</param>
    /// <param name="leeway">By how much clocks may differ: 30 seconds by default, and at most 60.</param>
    /// <exception cref="ArgumentException">There is no audience, one is empty, or the leeway is out of its range.</exception>
    public JwtVerificationResult Verify(string token, IReadOnlyCollection<string> audiences, TimeSpan? leeway = null)
    {
        ArgumentNullException.ThrowIfNull(token);
        JwtSvidVerifier.CheckExpectations(audiences, leeway);
        return Current is { } bundles
            ? _verified.Verify(token, bundles, audiences, _watch.Origin.Time.GetUtcNow(), leeway)
            : JwtVerificationResult.Reject(JwtRejectionReason.NoBundles);
    }

    /// <summary>Waits until there are bundles.</summary>
    /// <exception cref="WorkloadApiException">The Workload API gave an answer that no retry can change.</exception>
    /// <exception cref="ObjectDisposedException">The source is disposed, and never had bundles.</exception>
    public Task<JwtBundleSet> WaitForFirstAsync(CancellationToken cancellationToken) => _watch.Newest.WaitAsync(cancellationToken);

    /// <summary>Gets a token that fires when the next bundles are published. Take the token first, then read <see cref="Current"/>.</summary>
    public IChangeToken GetChangeToken() => _watch.Newest.GetChangeToken();

    /// <summary>Ends the watch without waiting for it. The last bundles stay readable.</summary>
    public void Dispose()
    {
        _watch.Registry.Remove(this);
        _watch.Dispose();
        _watch.Newest.GiveUp(new ObjectDisposedException(nameof(JwtBundleSource)));
    }

    /// <summary>Ends the watch and waits for it. The last bundles stay readable.</summary>
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
        /// <summary>There are new JWT bundles: the first ones, or other keys or trust domains than before. They are in force.</summary>
        /// <remarks>Nothing. If a trust domain is missing, look at the federation of its registration.</remarks>
        [LoggerMessage(2, LogLevel.Information, "JWT bundles {What}. Trust domains: {TrustDomains}; keys: {Keys}.", EventName = "JwtBundlesRenewed")]
        public static partial void Renewed(ILogger logger, string what, int trustDomains, int keys);
    }
}
