using System.Diagnostics.CodeAnalysis;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;

namespace AspNetSpiffe;

/// <summary>One source's part in a shared stream: its states in their order, the present one first. The stream ends with its last reader.</summary>
internal sealed class X509StreamReader(X509Stream stream, ILogger logger) : IAsyncDisposable
{
    // A source whose subscribers hang holds up itself only, and holds on to little: older states are of no use to it.
    private readonly Channel<X509StreamState> _states =
        Channel.CreateBounded<X509StreamState>(new BoundedChannelOptions(16) { FullMode = BoundedChannelFullMode.DropOldest });

    public X509StreamState Latest => stream.State;

    public IAsyncEnumerable<X509StreamState> ReadAllAsync(CancellationToken cancellationToken) => _states.Reader.ReadAllAsync(cancellationToken);

    public void Write(X509StreamState state) => _states.Writer.TryWrite(state);

    /// <summary>Logs, unless the source has no log for it, or one that fails: no log may stop a watch.</summary>
    [SuppressMessage("Design", "CA1031:Do not catch general exception types", Justification = "A log that fails has nowhere to tell it.")]
    public bool TryTell(LogLevel level, Action<ILogger> tell)
    {
        try
        {
            if (!logger.IsEnabled(level)) return false;
            tell(logger);
            return true;
        }
        catch (Exception)
        {
            return false;
        }
    }

    public ValueTask DisposeAsync() => X509Streams.LeaveAsync(stream, this);
}
