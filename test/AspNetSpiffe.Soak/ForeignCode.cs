using System.Diagnostics.Metrics;
using System.Runtime.CompilerServices;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Primitives;

namespace AspNetSpiffe.Soak;

/// <summary>Code of others around the library that throws or blocks at each call: a log provider, a meter listener, subscribers to new SVIDs, callbacks on connections.</summary>
/// <remarks>The log provider does so for the library's events only: the framework does not bear it for its own, and with the callbacks it ends the process.</remarks>
internal sealed class ForeignCode : ILoggerProvider
{
    private const string Throws = "throws";
    private const string Blocks = "blocks";
    private static readonly TimeSpan BlockedTime = TimeSpan.FromSeconds(10);

    private readonly string? _fault;

    // By the items of the connection, which several requests may not write to at the same time.
    private readonly ConditionalWeakTable<object, ForeignCode> _registered = [];

    private readonly MeterListener _listener = new();
    private long _calls;

    /// <param name="fault">What it does: <c>throws</c>, or <c>blocks</c> for ten seconds; <see langword="null"/> for nothing.</param>
    public ForeignCode(string? fault)
    {
        if (fault is not (null or Throws or Blocks)) throw new ArgumentException($"--foreign is '{fault}'; it may be '{Throws}' or '{Blocks}'.");
        _fault = fault;
        if (fault is null) return;

        _listener.InstrumentPublished = static (instrument, listener) =>
        {
            if (instrument.Meter.Name == SpiffeDiagnostics.MeterName) listener.EnableMeasurementEvents(instrument);
        };
        _listener.SetMeasurementEventCallback<long>((_, _, _, _) => Misbehave());
        _listener.SetMeasurementEventCallback<double>((_, _, _, _) => Misbehave());
        _listener.Start();
    }

    /// <summary>How long it keeps the connections on which it has registered callbacks from being closed politely.</summary>
    public TimeSpan BlockedClose => _fault == Blocks ? Server.DrainTimeout : TimeSpan.Zero;

    /// <summary>How often it was called.</summary>
    public long Calls => Interlocked.Read(ref _calls);

    /// <summary>Whether an error in the log is of what this does on purpose.</summary>
    public bool IsToBlameFor(EventId error, Exception? exception) =>
        exception is Misbehaviour || exception?.InnerException is Misbehaviour || (_fault is not null && error.Name is "ListenerFailed" or "SubscriberFailed" or "ConnectionCallbackFailed");

    public void Subscribe(X509Source source)
    {
        if (_fault is not null) ChangeToken.OnChange(source.GetChangeToken, Misbehave);
    }

    /// <summary>Registers callbacks on the connection of a request, if it is the first one.</summary>
    public void Register(HttpContext http)
    {
        if (_fault is null || !_registered.TryAdd(http.Features.GetRequiredFeature<IConnectionItemsFeature>().Items, this)) return;
        http.Features.GetRequiredFeature<IConnectionLifetimeNotificationFeature>().ConnectionClosedRequested.Register(Misbehave);

        // Kestrel calls these on the pool's threads when a connection is closed: where they block, it is not for the library to mend.
        if (_fault == Throws) http.Features.GetRequiredFeature<IConnectionLifetimeFeature>().ConnectionClosed.Register(Misbehave);
    }

    public ILogger CreateLogger(string categoryName) => categoryName.StartsWith("AspNetSpiffe.", StringComparison.Ordinal) ? new Logger(this) : NullLogger.Instance;

    public void Dispose() => _listener.Dispose();

    private void Misbehave()
    {
        if (_fault is null) return;
        Interlocked.Increment(ref _calls);
        if (_fault == Throws) throw new Misbehaviour();
        Thread.Sleep(BlockedTime);
    }

    private sealed class Logger(ForeignCode code) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) => code.Misbehave();
    }

    private sealed class Misbehaviour() : Exception("Somebody else's fault.");
}
