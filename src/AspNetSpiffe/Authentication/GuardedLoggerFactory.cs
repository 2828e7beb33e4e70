using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Logging;

namespace AspNetSpiffe;

/// <summary>Loggers for what the framework logs in our name while it decides: a provider that throws changes no verdict.</summary>
internal sealed class GuardedLoggerFactory(ILoggerFactory loggers) : ILoggerFactory
{
    public ILogger CreateLogger(string categoryName) => new GuardedLogger(loggers.CreateLogger(categoryName));

    public void AddProvider(ILoggerProvider provider) => loggers.AddProvider(provider);

    public void Dispose()
    {
        // The factory belongs to the host.
    }

    private sealed class GuardedLogger(ILogger logger) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        [SuppressMessage("Design", "CA1031:Do not catch general exception types", Justification = "A log that fails has nowhere to tell it.")]
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
            NotificationQueue.Guard(() => logger.Log(logLevel, eventId, state, exception, formatter), static _ => { });
    }
}
