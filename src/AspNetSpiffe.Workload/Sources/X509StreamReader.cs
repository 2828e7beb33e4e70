using System.Threading.Channels;
using Microsoft.Extensions.Logging;

namespace AspNetSpiffe;

/// <summary>One source's part in a shared stream: its states in their order, the present one first. The stream ends with its last reader.</summary>
internal sealed class X509StreamReader(X509Stream stream, ILoggerFactory loggers, ILogger logger) : IAsyncDisposable
{
    // Older states are of no use to a source that is late.
    private readonly Channel<WatchState<X509Context>> _states =
        Channel.CreateBounded<WatchState<X509Context>>(new BoundedChannelOptions(16) { FullMode = BoundedChannelFullMode.DropOldest });

    /// <summary>Gets where the events of <see cref="Logger"/> end: sources of one host have it in common.</summary>
    public ILoggerFactory Loggers => loggers;

    public ILogger Logger => logger;

    public WatchState<X509Context> Latest => stream.State;

    public IAsyncEnumerable<WatchState<X509Context>> ReadAllAsync(CancellationToken cancellationToken) => _states.Reader.ReadAllAsync(cancellationToken);

    public void Write(WatchState<X509Context> state) => _states.Writer.TryWrite(state);

    public ValueTask DisposeAsync() => X509Streams.LeaveAsync(stream, this);
}
