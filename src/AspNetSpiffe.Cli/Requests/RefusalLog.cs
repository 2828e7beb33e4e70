using Microsoft.Extensions.Logging;

namespace AspNetSpiffe.Cli.Requests;

/// <summary>Keeps what the library logs of a rejected server: the reason, whom it took it for, and what to do.</summary>
internal sealed class RefusalLog : ILoggerProvider, ILogger
{
    private const string PeerRefused = nameof(PeerRefused);

    /// <summary>Gets the sentences; <see langword="null"/> when no server was rejected.</summary>
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
