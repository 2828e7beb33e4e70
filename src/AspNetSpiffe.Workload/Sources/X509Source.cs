using System.Diagnostics.CodeAnalysis;
using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Primitives;

namespace AspNetSpiffe;

/// <summary>Our SVIDs and the trust bundles, kept current by the Workload API. Read the newest, wait for the first, be told of the next.</summary>
/// <remarks>
/// Thread-safe; reading takes no lock. One source serves every server and client of a process. Where there are several all the same, those of one endpoint
/// share one stream, which ends when the last of them is disposed.
/// </remarks>
public sealed partial class X509Source : IAsyncDisposable, IDisposable
{
    private readonly AgentEndpoint _endpoint;
    private readonly X509SourceWatch _watch;
    private readonly Withdrawal _withdrawal;
    private readonly CancellationTokenSource _stopping = new();
    private readonly ILogger _logger;
    private readonly Lock _starting = new();
    private volatile X509Context? _current;

    // Completed while there is a context. It holds none itself: a replaced private key must be in nobody's hands.
    private volatile TaskCompletionSource _available = NotAvailable();
    private CancellationTokenSource _changed = new();
    private Task _watching = Task.CompletedTask;
    private bool _started;
    private int _disposed;

    internal X509Source(SpiffeOptions options, ILoggerFactory loggerFactory, IMeterFactory? meterFactory, TimeProvider time)
    {
        _endpoint = new(options, time);
        LoggerFactory = loggerFactory;
        Metrics = new(meterFactory);
        _logger = loggerFactory.CreateLogger("AspNetSpiffe.X509Source");
        _withdrawal = new(this, options, _logger);
        var choice = new SvidChoice(options.Hint, options.Identity is null ? null : SpiffeIdPattern.Parse(options.Identity));
        _watch = new(this, _withdrawal, choice, _endpoint, _logger);
    }

    /// <summary>Gets the address of the Workload API.</summary>
    public WorkloadApiAddress Address => _endpoint.Address;

    /// <summary>Gets the newest context, or <see langword="null"/> before the first and after the Workload API has taken our identity back.</summary>
    public X509Context? Current => _current;

    internal ILoggerFactory LoggerFactory { get; }

    internal SpiffeMetrics Metrics { get; }

    internal TimeProvider Time => _endpoint.Time;

    internal SpiffeLimits Limits => _endpoint.Limits;

    /// <summary>Connects to the Workload API and waits for the first SVID, for programs without a host.</summary>
    /// <param name="options">Where the Workload API is, how long to wait, and which SVID to use.</param>
    /// <param name="loggerFactory">Where the source logs; nowhere by default.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <exception cref="FormatException">An address or a pattern in the options is malformed, or there is no address.</exception>
    /// <exception cref="ArgumentException">A retry option or a limit is out of its range.</exception>
    /// <exception cref="InvalidOperationException">There was no SVID in time; the message says what happened and what to do.</exception>
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

    /// <summary>Waits until there is a context.</summary>
    /// <exception cref="WorkloadApiException">The Workload API gave an answer that no retry can change.</exception>
    /// <exception cref="ObjectDisposedException">The source is disposed, and never had a context.</exception>
    public async Task<X509Context> WaitForFirstAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            await _available.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
            if (_current is { } current) return current;
        }
    }

    /// <summary>Gets a token that fires when the next context is published. Take the token first, then read <see cref="Current"/>.</summary>
    public IChangeToken GetChangeToken() => new CancellationChangeToken(Volatile.Read(ref _changed).Token);

    /// <summary>Ends the watch without waiting for it. The last context stays readable.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0) return;
        _stopping.Cancel();
        _withdrawal.Dispose();
        GiveUp(new ObjectDisposedException(nameof(X509Source)));
    }

    /// <summary>Ends the watch and waits for it. The last context stays readable.</summary>
    public async ValueTask DisposeAsync()
    {
        Dispose();
        await _watching.ConfigureAwait(false);
    }

    internal void Start()
    {
        lock (_starting)
        {
            if (_started) return;
            _started = true;
            if (Volatile.Read(ref _disposed) != 0) return;
            _watching = _watch.RunAsync(_stopping.Token);
        }
    }

    internal async Task<X509Context> RequireFirstAsync(TimeSpan timeout, CancellationToken cancellationToken)
    {
        try
        {
            return await WaitForFirstAsync(cancellationToken).WaitAsync(timeout, Time, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (e is TimeoutException or WorkloadApiException)
        {
            var waited = e is TimeoutException ? $" within {timeout.TotalSeconds:0.#} s" : "";
            throw new InvalidOperationException(
                $"The SPIFFE Workload API at '{Address}' gave this workload no identity{waited}. " + (_watch.LastProblem ?? "It has not answered."), e);
        }
    }

    internal void Withdraw()
    {
        _available = NotAvailable();
        _current = null;
        Notify();
        Metrics.ContextWithdrawn();
    }

    internal void Publish(X509Context next)
    {
        _current = next;
        _available.TrySetResult();
        Notify();
        Metrics.ContextPublished(next);
    }

    // No retry will help: whoever waits for the first context must know.
    internal void GiveUp(Exception problem)
    {
        var available = _available;
        available.TrySetException(problem);
        _ = available.Task.Exception;
    }

    [SuppressMessage("Design", "CA1031:Do not catch general exception types", Justification = "A subscriber's mistake must not stop the watch; it is logged.")]
    private void Notify()
    {
        try
        {
            Interlocked.Exchange(ref _changed, new()).Cancel();
        }
        catch (Exception e)
        {
            Log.SubscriberFailed(_logger, e);
        }
    }

    private static TaskCompletionSource NotAvailable() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private static partial class Log
    {
        [LoggerMessage(10, LogLevel.Error, "A subscriber to SVID changes failed; the new SVID is in use all the same.", EventName = "SubscriberFailed")]
        public static partial void SubscriberFailed(ILogger logger, Exception exception);
    }
}
