using Microsoft.Extensions.Logging;

namespace AspNetSpiffe.Workload.Tests.Sources;

/// <summary>A log that throws over whatever it is given.</summary>
internal sealed class FullLog : ILoggerProvider, ILogger
{
    public ILogger CreateLogger(string categoryName) => this;

    public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
        throw new InvalidOperationException("The log is full.");

    public void Dispose()
    {
    }
}
