using System.Collections.Concurrent;

namespace QuickStart;

/// <summary>Prints what happens, step by step, and collects the logs of the services.</summary>
internal sealed class Story
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly BlockingCollection<string> _refusals = [];
    private int _step;

    public string Current { get; private set; } = "start";

    public void Step(string title)
    {
        Current = title;
        Console.WriteLine();
        Console.WriteLine($"{++_step}. {title}");
    }

    public void Tell(string what, string outcome) => Console.WriteLine($"   {what,-28}{outcome}");

    /// <summary>Returns the reason of the next rejected handshake from the server's log, because it is not sent to the client.</summary>
    public string NextRefusal() => _refusals.TryTake(out var refusal, Patience) ? refusal : throw new InvalidOperationException("The server logged no refusal.");

    public ILoggerProvider LogOf(string service) => new ServiceLog(service, this);

    private sealed class ServiceLog(string service, Story story) : ILoggerProvider, ILogger
    {
        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Information;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (eventId.Name == "PeerRefused") story._refusals.Add(formatter(state, exception));
            else if (logLevel >= LogLevel.Warning) Console.WriteLine($"   [{service}] {formatter(state, exception)}");
        }

        public void Dispose()
        {
        }
    }
}
