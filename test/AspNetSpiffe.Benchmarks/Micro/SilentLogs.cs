using Microsoft.Extensions.Logging;

namespace AspNetSpiffe.Benchmarks;

/// <summary>Logs that nobody writes.</summary>
internal class SilentLogs : ILoggerProvider, ILogger
{
    public ILogger CreateLogger(string categoryName) => this;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => false;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
    }

    public void Dispose() => GC.SuppressFinalize(this);

    /// <summary>The same, of a provider that uses scopes, as that of the console does.</summary>
    internal sealed class WithScopes : SilentLogs, ISupportExternalScope
    {
        public void SetScopeProvider(IExternalScopeProvider scopeProvider)
        {
        }
    }
}
