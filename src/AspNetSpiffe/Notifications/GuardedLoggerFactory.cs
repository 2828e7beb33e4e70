using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Logging;

namespace AspNetSpiffe;

/// <summary>Loggers for the events that the framework logs during authentication and authorization: a provider that throws or blocks does not affect the result.</summary>
/// <remarks>Unlike those of <see cref="ServerNotifications"/>, they check IsEnabled first, because the framework logs for each request.</remarks>
internal sealed class GuardedLoggerFactory(ILoggerFactory loggers, NotificationQueue notifications) : ILoggerFactory
{
    // The framework creates a handler with its logger for each request.
    private readonly ConcurrentDictionary<string, ILogger> _loggers = new(StringComparer.Ordinal);

    public ILogger CreateLogger(string categoryName) =>
        _loggers.GetOrAdd(categoryName, static (name, to) => new GuardedLogger(to.loggers.CreateLogger(name), to.notifications.CreateLogger(name)), (loggers, notifications));

    public void AddProvider(ILoggerProvider provider) => loggers.AddProvider(provider);

    public void Dispose()
    {
        // The host owns the factory.
    }

    private sealed class GuardedLogger(ILogger logger, ILogger queued) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        [SuppressMessage("Design", "CA1031:Do not catch general exception types", Justification = "A failing log provider cannot be logged.")]
        public bool IsEnabled(LogLevel logLevel)
        {
            try
            {
                return logger.IsEnabled(logLevel);
            }
            catch (Exception)
            {
                return false;
            }
        }

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            queued.Log(logLevel, eventId, state, exception, formatter);
    }
}
