using Microsoft.Extensions.Logging;

namespace AspNetSpiffe.TestKit;

/// <summary>All that the hosts under test logged, and a way to wait for the next. Thread-safe.</summary>
public sealed class LogRecords : ILoggerProvider
{
    private readonly Lock _lock = new();
    private readonly List<LogRecord> _records = [];
    private TaskCompletionSource _added = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Gets a copy of the records so far.</summary>
    public IReadOnlyList<LogRecord> All
    {
        get
        {
            lock (_lock) return [.. _records];
        }
    }

    /// <summary>Waits until an event was logged that many times; earlier records count. Answers with the last of them.</summary>
    public Task<LogRecord> WaitForAsync(string eventName, CancellationToken cancellationToken, int times = 1) =>
        WaitForAsync(record => record.Event.Name == eventName, cancellationToken, times);

    /// <summary>Waits until records of a kind were logged that many times; earlier records count. Answers with the last of them.</summary>
    public async Task<LogRecord> WaitForAsync(Func<LogRecord, bool> isMeant, CancellationToken cancellationToken, int times = 1)
    {
        while (true)
        {
            Task added;
            lock (_lock)
            {
                if (_records.Where(isMeant).ElementAtOrDefault(times - 1) is { } found) return found;
                added = _added.Task;
            }

            await added.WaitAsync(cancellationToken);
        }
    }

    /// <inheritdoc/>
    public ILogger CreateLogger(string categoryName) => new Logger(this, categoryName);

    /// <summary>Does nothing: a host disposes its providers, and the records must outlive it.</summary>
    public void Dispose()
    {
    }

    private void Add(LogRecord record)
    {
        TaskCompletionSource added;
        lock (_lock)
        {
            _records.Add(record);
            added = _added;
            _added = new(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        added.SetResult();
    }

    private sealed class Logger(LogRecords records, string category) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel != LogLevel.None;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            var values = new Dictionary<string, object?>(StringComparer.Ordinal);
            if (state is IEnumerable<KeyValuePair<string, object?>> pairs)
                foreach (var (name, value) in pairs)
                    values[name] = value;

            records.Add(new(logLevel, category, eventId, formatter(state, exception), values, exception));
        }
    }
}
