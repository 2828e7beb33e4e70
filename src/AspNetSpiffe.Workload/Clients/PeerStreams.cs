using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace AspNetSpiffe;

/// <summary>All connections of one client. Cuts off those whose server is no longer trusted, once the requests under way have had their time.</summary>
internal sealed partial class PeerStreams(SpiffeTls tls, TimeProvider time, ILogger logger)
{
    private readonly ConcurrentDictionary<IPeerConnection, byte> _streams = new();

    public int Count => _streams.Count;

    public void Add(IPeerConnection stream) => _streams.TryAdd(stream, 0);

    public void Remove(IPeerConnection stream) => _streams.TryRemove(stream, out byte _);

    /// <summary>Looks at every connection.</summary>
    /// <param name="drainTimeout">How long requests under way have to finish.</param>
    /// <param name="untrusted">Whether one of them has just been found untrusted: the pool that may hold it must not be used any more.</param>
    /// <returns>When to look again.</returns>
    public DateTimeOffset Check(TimeSpan drainTimeout, out bool untrusted)
    {
        var (now, next) = (time.GetUtcNow(), DateTimeOffset.MaxValue);
        untrusted = false;
        foreach (var (stream, _) in _streams)
        {
            if (stream.AbortAt is null && tls.Recheck(stream.Peer) is var reason and not RejectionReason.None)
            {
                stream.AbortAt = drainTimeout == Timeout.InfiniteTimeSpan ? DateTimeOffset.MaxValue : now + drainTimeout;
                untrusted = true;
                Log.ServerUntrusted(logger, stream.Peer.Id, reason, drainTimeout);
            }

            if (stream.AbortAt <= now) Abort(stream);
            else if ((stream.AbortAt ?? stream.Peer.NotAfter) is var due && due < next) next = due;
        }

        return next;
    }

    private void Abort(IPeerConnection stream)
    {
        Remove(stream);
        stream.Abort();
        Log.ConnectionAborted(logger, stream.Peer.Id);
    }

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Information, "Leaving the connection to {SpiffeId}: {Reason}. Requests under way have {DrainTimeout} to finish.", EventName = "ServerConnectionEnded")]
        public static partial void ServerUntrusted(ILogger logger, SpiffeId spiffeId, RejectionReason reason, TimeSpan drainTimeout);

        [LoggerMessage(2, LogLevel.Information, "Cut off the connection to {SpiffeId}: its requests did not finish in time.", EventName = "ServerConnectionAborted")]
        public static partial void ConnectionAborted(ILogger logger, SpiffeId spiffeId);
    }
}
