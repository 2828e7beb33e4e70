using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Diagnostics.Metrics;
using Grpc.Core;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace AspNetSpiffe;

/// <summary>JWT-SVIDs of this workload, by audience: fetched from the Workload API when first requested, cached, and renewed at half of their lifetime.</summary>
/// <remarks>
/// Thread-safe: concurrent requests for the same token share one call. A token is returned until 5 seconds before it expires; one that the Workload API now
/// denies is removed at once. The cache keeps the 1,000 most recently used sets of audiences. It connects with the first request.
/// </remarks>
public sealed partial class JwtSource : IAsyncDisposable, IDisposable
{
    private const int Capacity = 1000;

    private static readonly TimeSpan ClockTolerance = TimeSpan.FromMinutes(1);

    // Callers may cancel their wait at any time; the shared call needs a timeout of its own.
    private static readonly TimeSpan AnswerTimeout = TimeSpan.FromSeconds(30);

    private readonly WorkloadApiClient _client;
    private readonly SvidChoice _choice;
    private readonly TimeProvider _time;
    private readonly NotificationQueue _notifications;
    private readonly ILogger _logger;
    private readonly ToldCauses _toldSeveral;
    private readonly SourceRegistry _registry;
    private readonly SourceRegistry? _ownRegistry;
    private readonly Counter<long> _requests;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Lock _lock = new();
    private readonly JwtSvidCache _cache;
    private readonly HashSet<Task> _underWay = [];
    private SvidName? _inUse;
    private volatile string? _problem;
    private long _lastGoodTicks;
    private bool _disposed;

    /// <summary>Creates a source, for programs without a host.</summary>
    /// <param name="options">The options with the address of the Workload API and the selection of the identity.</param>
    /// <param name="loggerFactory">The logger factory; no logs by default.</param>
    /// <exception cref="FormatException">An address or a pattern in the options is malformed, or there is no address.</exception>
    /// <exception cref="ArgumentException">A value of the options is out of range.</exception>
    /// <exception cref="InvalidOperationException">The identity comes from files or from code, which provide no tokens.</exception>
    /// <example><code>
    /// await using var source = new JwtSource(new SpiffeOptions { EndpointSocket = "unix:///run/spire/agent.sock" });
    /// var svid = await source.GetAsync("orders");
    /// </code></example>
    public JwtSource(SpiffeOptions options, ILoggerFactory? loggerFactory = null)
        : this(options, loggerFactory ?? NullLoggerFactory.Instance, TimeProvider.System)
    {
    }

    internal JwtSource(SpiffeOptions options, ILoggerFactory loggerFactory, TimeProvider time, SourceRegistry? registry = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.RequireValid(nameof(options));

        if (options is { HasOtherOrigin: true, EndpointSocket: null })
            throw new InvalidOperationException("JWT-SVIDs require a Workload API, but this workload gets its identity from files or from code.");
        Address = WorkloadApiAddress.Resolve(options.EndpointSocket);
        _choice = new(options.Hint, options.Identity is null ? null : SpiffeIdPattern.Parse(options.Identity));
        _client = new(Address, time, options.KeepAlive, options.Limits with { });
        _cache = new(Capacity, new(options.Retry));
        _time = time;
        _notifications = new(loggerFactory);
        _logger = _notifications.CreateLogger(LogCategories.JwtSvids);
        _toldSeveral = new(time);
        _registry = registry ?? (_ownRegistry = new(null));
        _requests = SpiffeInstruments.Tokens.CreateCounter(_registry.Meter);
        _registry.Add(this);
    }

    /// <summary>Gets the address of the Workload API.</summary>
    public WorkloadApiAddress Address { get; }

    /// <summary>Gets the error of the last fetch, as text for an operator; <see langword="null"/> without an error.</summary>
    internal string? LastProblem => _problem;

    /// <summary>Gets the time of the last successful fetch.</summary>
    internal DateTimeOffset? LastGood => Interlocked.Read(ref _lastGoodTicks) is var ticks and > 0 ? new(ticks, TimeSpan.Zero) : null;

    /// <summary>Returns a token for one audience; see <see cref="GetAsync(IReadOnlyCollection{string}, SpiffeId?, CancellationToken)"/>.</summary>
    /// <inheritdoc cref="GetAsync(IReadOnlyCollection{string}, SpiffeId?, CancellationToken)"/>
    public ValueTask<JwtSvid> GetAsync(string audience, SpiffeId? id = null, CancellationToken cancellationToken = default) => GetAsync([audience], id, cancellationToken);

    /// <summary>Returns a JWT-SVID of this workload for some audiences: a cached one, or a new one.</summary>
    /// <param name="audiences">The audiences of the token, in any order. Prefer one: each of several could present the token to the others (JWT-SVID §7.2).</param>
    /// <param name="id">The requested identity; by default the one that the options select, or the first.</param>
    /// <param name="cancellationToken">Cancels the wait of this caller only.</param>
    /// <remarks>From half of its lifetime on, a token is renewed while it is still returned. A new token is returned however short its lifetime is.</remarks>
    /// <exception cref="ArgumentException">There is no audience, one is empty, or there are more than 32.</exception>
    /// <exception cref="WorkloadApiException">The Workload API does not respond, or returns an error.</exception>
    /// <exception cref="FormatException">The response is invalid, the token has expired, or it is not what was requested.</exception>
    /// <exception cref="ObjectDisposedException">The source is disposed.</exception>
    public ValueTask<JwtSvid> GetAsync(IReadOnlyCollection<string> audiences, SpiffeId? id = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(audiences);
        var key = JwtSvidKey.Of(audiences, id);
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            var entry = _cache.Use(key);
            var now = _time.GetUtcNow();
            var valid = entry.ValidAt(now);
            if (valid is not null) Count("cache");
            if (valid is not null && !entry.IsDueAt(now)) return new(valid);

            var fetch = entry.Fetch ??= Begin(entry);
            return valid is not null ? new(valid) : new(fetch.Task.WaitAsync(cancellationToken));
        }
    }

    /// <summary>Stops the source without waiting for its calls to end; pending requests for tokens fail with an <see cref="ObjectDisposedException"/>.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            if (_disposed) return;
            _disposed = true;
        }

        _registry.Remove(this);
        _stopping.Cancel();
        _client.Dispose();

        // Disposed through the queue, after all measurements that were queued before.
        if (_ownRegistry is not null) _notifications.Post(_ownRegistry.Dispose);
    }

    /// <summary>Stops the source and waits for its calls to end; pending requests for tokens fail with an <see cref="ObjectDisposedException"/>.</summary>
    public async ValueTask DisposeAsync()
    {
        Dispose();
        Task all;
        lock (_lock) all = Task.WhenAll(_underWay);
        await all.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _notifications.DrainAsync().ConfigureAwait(false);
    }

    private TaskCompletionSource<JwtSvid> Begin(JwtSvidEntry entry)
    {
        var fetch = new TaskCompletionSource<JwtSvid>(TaskCreationOptions.RunContinuationsAsynchronously);
        _underWay.Add(fetch.Task);
        _ = Task.Run(() => FetchAsync(entry, fetch));
        return fetch;
    }

    [SuppressMessage("Design", "CA1031:Do not catch general exception types", Justification = "The callers that await the token get the exception.")]
    private async Task FetchAsync(JwtSvidEntry entry, TaskCompletionSource<JwtSvid> fetch)
    {
        JwtSvid svid;
        try
        {
            svid = await AskAsync(entry.Key).ConfigureAwait(false);
        }
        catch (Exception e)
        {
            Fail(entry, fetch, e);
            return;
        }

        lock (_lock)
        {
            End(entry, fetch);
            entry.Keep(svid, _time.GetUtcNow());
        }

        _problem = null;
        Interlocked.Exchange(ref _lastGoodTicks, _time.GetUtcNow().Ticks);
        Count("agent");

        fetch.SetResult(svid);
        Log.Fetched(_logger, svid.Id, entry.Key, svid.ExpiresAt);
    }

    private async Task<JwtSvid> AskAsync(JwtSvidKey key)
    {
        using var timeout = new CancellationTokenSource(AnswerTimeout, _time);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, _stopping.Token);
        try
        {
            return Choose(key, await _client.FetchJwtSvidsAsync(key.Audiences, key.Id, ending.Token).ConfigureAwait(false));
        }
        catch (Exception) when (_stopping.IsCancellationRequested)
        {
            throw new ObjectDisposedException(nameof(JwtSource));
        }
        catch (OperationCanceledException e)
        {
            throw new WorkloadApiException(Address, WorkloadApiFailure.ConnectionLost, $"It returned no JWT-SVID within {AnswerTimeout.TotalSeconds} s.", e);
        }
    }

    private JwtSvid Choose(JwtSvidKey key, ImmutableArray<JwtSvid> svids)
    {
        var svid = key.Id is not null ? svids[0] : ChooseOurs(svids);
        var now = _time.GetUtcNow();
        if (svid.ExpiresAt <= now)
            throw new FormatException($"The Workload API returned a JWT-SVID of '{svid.Id}' that expired at {svid.ExpiresAt:u}, and it is {now:u}: compare the clocks of the agent and of this machine.");
        if (svid.NotBefore > now + ClockTolerance)
            throw new FormatException($"The Workload API returned a JWT-SVID of '{svid.Id}' that is not valid before {svid.NotBefore:u}, and it is {now:u}: compare the clocks of the agent and of this machine.");
        return svid;
    }

    // All tokens that are requested without an ID have the same identity, even if others are registered later.
    private JwtSvid ChooseOurs(ImmutableArray<JwtSvid> svids)
    {
        SvidName[] names = [.. svids.Select(SvidName.Of)];
        JwtSvid chosen;
        lock (_lock)
        {
            chosen = _choice.Choose(svids, _inUse) ?? throw new FormatException($"None of the JWT-SVIDs is the requested one ({_choice}); issued are {SvidName.List(names)}.");
            _inUse = SvidName.Of(chosen);
            var meant = _choice.Meant(names);
            if (meant.Count > 1 && _toldSeveral.IsNews(SvidName.List([.. meant.OrderBy(static name => name.ToString(), StringComparer.Ordinal)])))
                Log.SeveralSvids(_logger, meant.Count, SvidName.List(meant), chosen.Id);
        }

        return chosen;
    }

    private void Fail(JwtSvidEntry entry, TaskCompletionSource<JwtSvid> fetch, Exception problem)
    {
        var denied = problem is WorkloadApiException { StatusCode: StatusCode.PermissionDenied };
        JwtSvid? kept;
        lock (_lock)
        {
            End(entry, fetch);
            var now = _time.GetUtcNow();
            kept = entry.ValidAt(now);
            if (denied) _cache.RemoveDenied(entry.Key);
            else if (kept is null) _cache.Remove(entry);
            else entry.Postpone(now);
        }

        if (problem is not ObjectDisposedException)
        {
            _problem = problem.Message;
            Count("agent", ErrorTypeOf(problem));
        }

        // No caller awaits a renewal: mark the exception as observed.
        fetch.SetException(problem);
        _ = fetch.Task.Exception;
        if (kept is null || problem is ObjectDisposedException) return;
        if (denied) Log.Denied(_logger, kept.Id, entry.Key, problem.Message);
        else Log.NotRenewed(_logger, kept.Id, entry.Key, kept.ExpiresAt, problem.Message);
    }

    private void Count(string source, string? error = null)
    {
        if (_requests.Enabled) _notifications.Post(() => _requests.Add(1, Tag.WithError(error, KeyValuePair.Create<string, object?>(Tag.TokenSource, source))));
    }

    private static string ErrorTypeOf(Exception problem) => problem switch
    {
        WorkloadApiException e => e.ErrorType,
        FormatException => "malformed",
        _ => problem.GetType().FullName!,
    };

    private void End(JwtSvidEntry entry, TaskCompletionSource<JwtSvid> fetch)
    {
        entry.Fetch = null;
        _underWay.Remove(fetch.Task);
    }

    /// <seealso cref="LogCategories.JwtSvids"/>
    private static partial class Log
    {
        /// <summary>The agent issued a token for these audiences. The message has no part of the token.</summary>
        /// <remarks>Nothing.</remarks>
        [LoggerMessage(30, LogLevel.Debug, "JWT-SVID '{SpiffeId}' for {Audiences}, valid until {ExpiresAt:u}.", EventName = "JwtSvidFetched")]
        public static partial void Fetched(ILogger logger, SpiffeId spiffeId, JwtSvidKey audiences, DateTimeOffset expiresAt);

        /// <summary>The agent did not renew a token at half of its lifetime. The token is used until it expires, and the renewal is retried.</summary>
        /// <remarks>The message has the cause. If it recurs, check the agent before the token expires.</remarks>
        [LoggerMessage(31, LogLevel.Warning, "The JWT-SVID '{SpiffeId}' for {Audiences} was not renewed; it remains in use until {ExpiresAt:u}. {Problem}", EventName = "JwtSvidNotRenewed")]
        public static partial void NotRenewed(ILogger logger, SpiffeId spiffeId, JwtSvidKey audiences, DateTimeOffset expiresAt, string problem);

        /// <summary>The agent denied a token that it had issued before, and the cached one is no longer used.</summary>
        /// <remarks>Check the registration of this workload and the log of the agent.</remarks>
        [LoggerMessage(32, LogLevel.Warning, "The JWT-SVID '{SpiffeId}' for {Audiences} is no longer used. {Problem}", EventName = "JwtSvidDenied")]
        public static partial void Denied(ILogger logger, SpiffeId spiffeId, JwtSvidKey audiences, string problem);

        /// <summary>This workload may have tokens of several identities, and the application does not select one: after a restart it may be another one.</summary>
        /// <remarks>Set <c>Spiffe:Hint</c> or <c>Spiffe:Identity</c>, request tokens by SPIFFE ID, or give each registration entry different selectors.</remarks>
        [LoggerMessage(
            33,
            LogLevel.Information,
            "The SPIFFE Workload API issues {Count} JWT-SVIDs to this workload: {Svids}. It uses {SpiffeId} as long as that is issued; after a restart it may use another one. " +
            "Set 'Spiffe:Hint' or 'Spiffe:Identity', ask for one by its ID, or give each workload registration selectors of its own.",
            EventName = "SeveralSvids")]
        public static partial void SeveralSvids(ILogger logger, int count, string svids, SpiffeId spiffeId);
    }
}
