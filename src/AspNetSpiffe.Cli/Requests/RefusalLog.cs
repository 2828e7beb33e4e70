using Microsoft.Extensions.Logging;

namespace AspNetSpiffe.Cli.Requests;

/// <summary>Captures the library's log message about a rejected server: the reason, the claimed ID, and the remedy.</summary>
internal sealed class RefusalLog : ILoggerProvider, ILogger
{
    private const string PeerRefused = nameof(PeerRefused);

    /// <summary>Gets the message; <see langword="null"/> if no server was rejected.</summary>
    public string? Text { get; private set; }

    public ILogger CreateLogger(string categoryName) => this;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Information;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (eventId.Name == PeerRefused) Text = formatter(state, exception);
    }

    public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

    public void Dispose()
    {
    }
}
