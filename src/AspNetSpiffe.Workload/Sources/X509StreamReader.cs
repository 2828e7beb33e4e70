using System.Threading.Channels;
using Microsoft.Extensions.Logging;

namespace AspNetSpiffe;

/// <summary>One source's part in a shared stream: its states in their order, the present one first. The stream ends with its last reader.</summary>
internal sealed class X509StreamReader(X509Stream stream, ILogger logger) : IAsyncDisposable
{
    // A source whose subscribers hang holds up itself only, and holds on to little: older states are of no use to it.
    private readonly Channel<AgentState<X509Context>> _states =
        Channel.CreateBounded<AgentState<X509Context>>(new BoundedChannelOptions(16) { FullMode = BoundedChannelFullMode.DropOldest });

    public ILogger Logger => logger;

    public AgentState<X509Context> Latest => stream.State;

    public IAsyncEnumerable<AgentState<X509Context>> ReadAllAsync(CancellationToken cancellationToken) => _states.Reader.ReadAllAsync(cancellationToken);

    public void Write(AgentState<X509Context> state) => _states.Writer.TryWrite(state);

    public ValueTask DisposeAsync() => X509Streams.LeaveAsync(stream, this);
}
