using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Logging;

namespace AspNetSpiffe;

/// <summary>Calls code that is not ours (log providers, meter listeners) after the effect that it is told of: in order, outside every lock, and on no thread that a peer waits for.</summary>
/// <remarks>
/// Thread-safe. A call that throws is logged and stops nobody; one that blocks holds up the calls behind it and nothing else. Bounded: while it is full, new
/// calls are dropped and counted.
/// </remarks>
internal sealed partial class NotificationQueue : IThreadPoolWorkItem
{
    private static readonly TimeSpan DrainTimeout = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private readonly Queue<Action> _waiting = [];
    private readonly ILoggerFactory _loggers;
    private readonly ILogger _logger;
    private readonly int _capacity;
    private bool _running;
    private int _failed;
    private long _leftOut;

    /// <param name="loggers">Where the loggers of <see cref="CreateLogger"/> log to.</param>
    /// <param name="capacity">How many calls may wait.</param>
    public NotificationQueue(ILoggerFactory loggers, int capacity = 10_000)
    {
        (_loggers, _capacity) = (loggers, capacity);
        _logger = loggers.CreateLogger(LogCategories.Notifications);
    }

    /// <summary>Creates a logger whose providers may throw or block without changing anything for whoever logs.</summary>
    public ILogger CreateLogger(string category) => new QueuedLogger(_loggers.CreateLogger(category), this);

    /// <summary>Takes a call to be made soon. Never throws and never waits.</summary>
    public void Post(Action call)
    {
        lock (_lock)
        {
            if (_waiting.Count >= _capacity)
            {
                _leftOut++;
                return;
            }

            _waiting.Enqueue(call);
            if (_running) return;
            _running = true;
        }

        ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
    }

    /// <summary>Waits until all calls that were taken before have been made, but not for ever: they may block.</summary>
    public async Task DrainAsync()
    {
        lock (_lock)
        {
            if (!_running) return;
        }

        var drained = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Post(drained.SetResult);
        await drained.Task.WaitAsync(DrainTimeout).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    void IThreadPoolWorkItem.Execute()
    {
        while (TryTake(out var call, out var leftOut))
        {
            if (leftOut > 0) Guard(() => LeftOut(_logger, leftOut), Failed);
            Guard(call, Failed);
        }
    }

    /// <summary>Makes one call of foreign code; its exception ends here.</summary>
    [SuppressMessage("Design", "CA1031:Do not catch general exception types", Justification = "Somebody else's fault must not become ours; it is reported.")]
    public static void Guard(Action call, Action<Exception> failed)
    {
        try
        {
            call();
        }
        catch (Exception e)
        {
            failed(e);
        }
    }

    // Said once: a provider that throws does so with each event. The others still hear of it; the one that fails has nowhere to tell it.
    private void Failed(Exception problem)
    {
        if (Interlocked.Exchange(ref _failed, 1) == 0) Guard(() => ListenerFailed(_logger, problem), static _ => { });
    }

    private bool TryTake([NotNullWhen(true)] out Action? call, out long leftOut)
    {
        lock (_lock)
        {
            (leftOut, _leftOut) = (_leftOut, 0);
            return _running = _waiting.TryDequeue(out call);
        }
    }

    /// <summary>A log provider or a meter listener threw an exception when it received an event. Nothing else is affected: the other listeners receive it. Logged once.</summary>
    /// <remarks>The exception names the listener: correct or replace it.</remarks>
    /// <seealso cref="LogCategories.Notifications"/>
    // The check would ask all providers, and one that throws there would keep it from the others.
    [LoggerMessage(1, LogLevel.Error, "A log provider or a meter listener failed; the other listeners receive the events. Logged once.", EventName = "ListenerFailed", SkipEnabledCheck = true)]
    private static partial void ListenerFailed(ILogger logger, Exception exception);

    /// <summary>A log provider or a meter listener is so slow that the queue of events was full, and some are in no log and no metric.</summary>
    /// <remarks>Find the listener that blocks, for example one that writes over the network without a buffer.</remarks>
    /// <seealso cref="LogCategories.Notifications"/>
    [LoggerMessage(2, LogLevel.Warning, "{Count} events were dropped from logs and metrics: a log provider or a meter listener is too slow.", EventName = "EventsLeftOut", SkipEnabledCheck = true)]
    private static partial void LeftOut(ILogger logger, long count);

    /// <summary>The scopes of the moment go with each event.</summary>
    private sealed class QueuedLogger(ILogger logger, NotificationQueue queue) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        // The providers are asked in their turn: they may throw or block here too.
        public bool IsEnabled(LogLevel logLevel) => logLevel != LogLevel.None;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            var scopes = ExecutionContext.Capture();
            if (scopes is null) queue.Post(Write);
            else queue.Post(() => ExecutionContext.Run(scopes, static write => ((Action)write!)(), (Action)Write));

            void Write() => logger.Log(logLevel, eventId, state, exception, formatter);
        }
    }
}
