using Microsoft.Extensions.Logging;

namespace AspNetSpiffe;

/// <summary>The queue of one host for calls of log providers and meter listeners; drained before the host is disposed.</summary>
internal sealed class ServerNotifications : IAsyncDisposable, IDisposable
{
    private readonly NotificationQueue _queue;

    public ServerNotifications(ILoggerFactory loggers)
    {
        _queue = new(loggers);
        GuardedLoggers = new(loggers, _queue);
    }

    /// <summary>Gets loggers for events that the framework logs during authentication and authorization.</summary>
    public GuardedLoggerFactory GuardedLoggers { get; }

    /// <inheritdoc cref="NotificationQueue.CreateLogger"/>
    public ILogger CreateLogger(string category) => _queue.CreateLogger(category);

    /// <inheritdoc cref="NotificationQueue.Post"/>
    public void Post(Action call) => _queue.Post(call);

    public void Dispose() => _queue.DrainAsync().GetAwaiter().GetResult();

    public ValueTask DisposeAsync() => new(_queue.DrainAsync());
}
