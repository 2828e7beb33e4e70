using Microsoft.Extensions.Logging;

namespace AspNetSpiffe;

/// <summary>The queue of one host through which log providers and meter listeners hear of what has happened; emptied before the host is gone.</summary>
internal sealed class ServerNotifications : IAsyncDisposable, IDisposable
{
    private readonly NotificationQueue _queue;

    public ServerNotifications(ILoggerFactory loggers)
    {
        _queue = new(loggers);
        GuardedLoggers = new(loggers, _queue);
    }

    /// <summary>Gets loggers for what the framework logs in our name.</summary>
    public GuardedLoggerFactory GuardedLoggers { get; }

    /// <inheritdoc cref="NotificationQueue.CreateLogger"/>
    public ILogger CreateLogger(string category) => _queue.CreateLogger(category);

    /// <inheritdoc cref="NotificationQueue.Post"/>
    public void Post(Action call) => _queue.Post(call);

    public void Dispose() => _queue.DrainAsync().GetAwaiter().GetResult();

    public ValueTask DisposeAsync() => new(_queue.DrainAsync());
}
