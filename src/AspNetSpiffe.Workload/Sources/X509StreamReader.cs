using System.Threading.Channels;
using Microsoft.Extensions.Logging;

namespace AspNetSpiffe;

/// <summary>The reader of one source of a shared stream: returns the states in order, beginning with the current one. The stream ends with its last reader.</summary>
internal sealed class X509StreamReader(X509Stream stream, ILoggerFactory loggers, ILogger logger) : IAsyncDisposable
{
    // A slow source needs only the latest state.
    private readonly Channel<WatchState<X509Context>> _states =
        Channel.CreateBounded<WatchState<X509Context>>(new BoundedChannelOptions(16) { FullMode = BoundedChannelFullMode.DropOldest });

    /// <summary>Gets the logger factory of <see cref="Logger"/>, which the sources of one host share.</summary>
    public ILoggerFactory Loggers => loggers;

    public ILogger Logger => logger;

    public WatchState<X509Context> Latest => stream.State;

    public IAsyncEnumerable<WatchState<X509Context>> ReadAllAsync(CancellationToken cancellationToken) => _states.Reader.ReadAllAsync(cancellationToken);

    public void Write(WatchState<X509Context> state) => _states.Writer.TryWrite(state);

    public ValueTask DisposeAsync() => X509Streams.LeaveAsync(stream, this);
}
