using Microsoft.Extensions.Logging;

namespace AspNetSpiffe.Cli.Output;

/// <summary>Shows log events, one line each, with the time of day.</summary>
internal sealed class TerminalLogger(Terminal terminal, Func<LogLevel, EventId, bool> isShown) : ILoggerProvider, ILogger
{
    private readonly Lock _oneLine = new();

    public ILogger CreateLogger(string categoryName) => this;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Information;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (!IsEnabled(logLevel) || !isShown(logLevel, eventId)) return;
        lock (_oneLine) terminal.Event(TimeProvider.System.GetLocalNow(), exception is null ? formatter(state, null) : $"{formatter(state, null)} {exception}");
    }

    public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

    public void Dispose()
    {
    }
}
