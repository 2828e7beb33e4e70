using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Logging;

namespace AspNetSpiffe;

/// <summary>Calls external code (log providers, meter listeners) after the event has taken effect: in order, without holding a lock, and not on the thread of a handshake or request.</summary>
/// <remarks>
/// Thread-safe. An exception of a call is logged and affects no other call; a call that blocks delays only the calls behind it. Bounded: while it is full, new
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

    /// <param name="loggers">The target of the loggers of <see cref="CreateLogger"/>.</param>
    /// <param name="capacity">The maximum number of queued calls.</param>
    public NotificationQueue(ILoggerFactory loggers, int capacity = 10_000)
    {
        (_loggers, _capacity) = (loggers, capacity);
        _logger = loggers.CreateLogger(LogCategories.Notifications);
    }

    /// <summary>Creates a logger that queues its events: providers that throw or block do not affect the code that logs.</summary>
    public ILogger CreateLogger(string category) => new QueuedLogger(_loggers.CreateLogger(category), this);

    /// <summary>Queues a call. Never throws and never blocks.</summary>
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

    /// <summary>Waits until all calls queued so far are done, for a limited time, because they may block.</summary>
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

    /// <summary>Creates one call of external code and catches its exception.</summary>
    [SuppressMessage("Design", "CA1031:Do not catch general exception types", Justification = "An exception of external code is reported, and affects nothing else.")]
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

    // Logged once: a provider that throws does so for each event. The other providers receive this event.
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
    // No check of IsEnabled: it calls all providers, and one that throws there would keep the event from the others.
    [LoggerMessage(1, LogLevel.Error, "A log provider or a meter listener failed; the other listeners receive the events. Logged once.", EventName = "ListenerFailed", SkipEnabledCheck = true)]
    private static partial void ListenerFailed(ILogger logger, Exception exception);

    /// <summary>A log provider or a meter listener is so slow that the queue of events was full, and some are in no log and no metric.</summary>
    /// <remarks>Find the listener that blocks, for example one that writes over the network without a buffer.</remarks>
    /// <seealso cref="LogCategories.Notifications"/>
    [LoggerMessage(2, LogLevel.Warning, "{Count} events were dropped from logs and metrics: a log provider or a meter listener is too slow.", EventName = "EventsLeftOut", SkipEnabledCheck = true)]
    private static partial void LeftOut(ILogger logger, long count);

    /// <summary>Queues each event together with the current scopes.</summary>
    private sealed class QueuedLogger(ILogger logger, NotificationQueue queue) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        // The providers are not asked here, because they may throw or block; they are asked in the queue.
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
