using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Logging;

namespace AspNetSpiffe;

/// <summary>Gives each event to the first logger that takes it. One that fails is passed over: no log may stop a watch.</summary>
internal sealed class UnfailingLogger(Func<IEnumerable<ILogger>> loggers) : ILogger
{
    public UnfailingLogger(ILogger logger) : this(() => [logger])
    {
    }

    public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

    // Each logger is asked when its turn comes.
    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
        _ = loggers().Any(logger => TryLog(logger, logLevel, eventId, state, exception, formatter));

    [SuppressMessage("Design", "CA1031:Do not catch general exception types", Justification = "A log that fails has nowhere to tell it.")]
    private static bool TryLog<TState>(ILogger logger, LogLevel level, EventId id, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        try
        {
            if (!logger.IsEnabled(level)) return false;
            logger.Log(level, id, state, exception, formatter);
            return true;
        }
        catch (Exception)
        {
            return false;
        }
    }
}
