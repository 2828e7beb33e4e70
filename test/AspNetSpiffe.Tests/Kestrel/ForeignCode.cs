using System.Diagnostics.Metrics;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;

namespace AspNetSpiffe.Tests.Kestrel;

/// <summary>How code that is not ours behaves.</summary>
public enum Fault
{
    Throws,
    Blocks,
}

/// <summary>A log provider, a meter listener and callbacks on connections that behave well until <see cref="Begin"/>, and from then on throw, or block until they are released.</summary>
/// <remarks>The provider misbehaves for our events only: the framework's own would end each request.</remarks>
internal sealed class ForeignCode(Fault fault) : ILoggerProvider
{
    private readonly ManualResetEventSlim _released = new();
    private readonly MeterListener _listener = new();
    private volatile bool _begun;
    private int _calls;

    /// <summary>Gets or sets in which methods the log provider misbehaves.</summary>
    public string[] Methods { get; set; } = fault == Fault.Throws ? ["BeginScope", "IsEnabled", "Log"] : ["Log"];

    /// <summary>Gets how often it was called since it misbehaves.</summary>
    public int Calls => Volatile.Read(ref _calls);

    public void Begin() => _begun = true;

    public void Release() => _released.Set();

    public void Listen(IMeterFactory meters)
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (ReferenceEquals(instrument.Meter.Scope, meters) && instrument.Meter.Name == SpiffeDiagnostics.MeterName) listener.EnableMeasurementEvents(instrument);
        };
        _listener.SetMeasurementEventCallback<long>((_, _, _, _) => Misbehave());
        _listener.SetMeasurementEventCallback<double>((_, _, _, _) => Misbehave());
        _listener.Start();
    }

    /// <summary>Registers callbacks on the connection of a request.</summary>
    public void Register(HttpContext http)
    {
        http.Features.GetRequiredFeature<IConnectionLifetimeNotificationFeature>().ConnectionClosedRequested.Register(Misbehave);

        // Kestrel calls these on the pool's threads, when the connection is closed already: where they block, it is not for us to mend.
        if (fault == Fault.Throws) http.Features.GetRequiredFeature<IConnectionLifetimeFeature>().ConnectionClosed.Register(Misbehave);
    }

    public ILogger CreateLogger(string categoryName) => new Logger(this, categoryName);

    private void Misbehave(string category, string method)
    {
        if (category.StartsWith("AspNetSpiffe.", StringComparison.Ordinal) && Methods.Contains(method)) Misbehave();
    }

    public void Misbehave()
    {
        if (!_begun) return;
        Interlocked.Increment(ref _calls);
        if (fault == Fault.Throws) throw new InvalidOperationException("Somebody else's fault.");
        _released.Wait();
    }

    public void Dispose()
    {
        // Kestrel does not stop where a callback on a connection throws, and a connection may be open to the end.
        _begun = false;
        Release();
        _listener.Dispose();
    }

    private sealed class Logger(ForeignCode code, string category) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state) where TState : notnull
        {
            code.Misbehave(category, nameof(BeginScope));
            return null;
        }

        public bool IsEnabled(LogLevel logLevel)
        {
            code.Misbehave(category, nameof(IsEnabled));
            return true;
        }

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            code.Misbehave(category, nameof(Log));
        }
    }
}
