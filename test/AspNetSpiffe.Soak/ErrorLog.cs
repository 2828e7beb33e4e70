using Microsoft.Extensions.Logging;

namespace AspNetSpiffe.Soak;

/// <summary>Holds one more promise: nothing is logged as an error but what was done on purpose.</summary>
internal sealed class ErrorLog(Ledger ledger, ForeignCode foreign, bool badFiles) : ILoggerProvider
{
    public ILogger CreateLogger(string categoryName) => new Category(categoryName, ledger, foreign, badFiles);

    public void Dispose()
    {
    }

    private sealed class Category(string name, Ledger ledger, ForeignCode foreign, bool badFiles) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Error;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            // The agent takes identities back on purpose, and files are spoiled on purpose.
            if (IsEnabled(logLevel) && eventId.Name != "IdentityWithdrawn" && !(badFiles && eventId.Name == "UpdateRefused") && !foreign.IsToBlameFor(eventId, exception))
                ledger.Break(Promise.Quiet, $"{name}: {formatter(state, exception)} {exception}");
        }
    }
}
