using System.Collections.Concurrent;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Primitives;

namespace AspNetSpiffe;

/// <summary>All connections to SPIFFE endpoints. Ends those for which no longer holds what was true at their handshake.</summary>
/// <remarks>Looks again when the bundles or the allowed peers change, and when the next SVID of a peer expires: one timer for all.</remarks>
internal sealed partial class PeerConnectionRegistry : IDisposable
{
    // Timers end at 49 days; to look again each day costs nothing.
    private static readonly TimeSpan LongestWait = TimeSpan.FromDays(1);

    private readonly ConcurrentDictionary<PeerConnection, byte> _connections = new();
    private readonly Lock _checking = new();
    private readonly SpiffeTls _tls;
    private readonly AllowedPeers _allowed;
    private readonly SpiffeServerMetrics _metrics;
    private readonly ILogger<PeerConnectionRegistry> _logger;
    private readonly TimeProvider _time;
    private readonly ITimer _timer;
    private readonly IDisposable[] _subscriptions;
    private DateTimeOffset _due = DateTimeOffset.MaxValue;

    public PeerConnectionRegistry(
        [FromKeyedServices(Handshake.Key)] SpiffeTls tls, X509Source source, AllowedPeers allowed, SpiffeServerMetrics metrics, ILogger<PeerConnectionRegistry> logger, TimeProvider time)
    {
        (_tls, _allowed, _metrics, _logger, _time) = (tls, allowed, metrics, logger, time);
        _timer = time.CreateTimer(_ => Check(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _subscriptions = [ChangeToken.OnChange(source.GetChangeToken, Check), ChangeToken.OnChange(allowed.GetChangeToken, Check)];
    }

    public int Count => _connections.Count;

    public PeerConnection Add(BaseConnectionContext context)
    {
        var connection = new PeerConnection(context, this);
        _connections.TryAdd(connection, 0);
        context.ConnectionClosed.UnsafeRegister(_ => _connections.TryRemove(connection, out byte _), null);
        return connection;
    }

    /// <summary>Takes note of a verified peer, and looks at once whether the bundles changed during its handshake.</summary>
    public void Accepted(PeerConnection connection, SpiffePeer peer)
    {
        lock (_checking)
        {
            var now = _time.GetUtcNow();
            Schedule(CheckOne(connection, peer, now), now);
        }
    }

    public void Dispose()
    {
        foreach (var subscription in _subscriptions) subscription.Dispose();
        _timer.Dispose();
    }

    /// <summary>Looks at all connections.</summary>
    public void Check()
    {
        lock (_checking)
        {
            var now = _time.GetUtcNow();
            _due = DateTimeOffset.MaxValue;
            foreach (var (connection, _) in _connections)
                if (connection.KnownPeer is { } peer)
                    Schedule(CheckOne(connection, peer, now), now);
        }
    }

    /// <summary>Looks at one connection.</summary>
    /// <returns>When to look again.</returns>
    private DateTimeOffset CheckOne(PeerConnection connection, SpiffePeer peer, DateTimeOffset now)
    {
        if (!connection.HasEnded && _tls.Recheck(peer) is var reason and not RejectionReason.None && _allowed.Options.EndsFor(reason)) End(connection, peer, reason, now);
        if (!connection.HasEnded) return now > peer.NotAfter ? DateTimeOffset.MaxValue : peer.NotAfter;
        if (now < connection.AbortAt) return connection.AbortAt;

        Abort(connection, peer);
        return DateTimeOffset.MaxValue;
    }

    private void End(PeerConnection connection, SpiffePeer peer, RejectionReason reason, DateTimeOffset now)
    {
        var patience = _allowed.Options.DrainTimeout;
        if (!connection.TryEnd(reason, patience == Timeout.InfiniteTimeSpan ? DateTimeOffset.MaxValue : now + patience)) return;
        _metrics.Ended(reason);
        Log.ConnectionEnded(_logger, peer.Id, connection.Remote, reason, patience);
    }

    private void Abort(PeerConnection connection, SpiffePeer peer)
    {
        // Kestrel may need a moment to tell us that it is closed; it is not to be counted twice.
        if (!_connections.TryRemove(connection, out byte _)) return;
        connection.Abort();
        _metrics.Aborted(connection.Reason);
        Log.ConnectionAborted(_logger, peer.Id, connection.Remote, connection.Reason);
    }

    private void Schedule(DateTimeOffset next, DateTimeOffset now)
    {
        if (next >= _due) return;
        _due = next;

        // A moment later: an SVID is valid up to and including its last second.
        var wait = next - now + TimeSpan.FromMilliseconds(1);
        _timer.Change(wait < LongestWait ? wait : LongestWait, Timeout.InfiniteTimeSpan);
    }

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Information, "Closing the connection of {SpiffeId} from {Remote}: {Reason}. Requests under way have {DrainTimeout} to finish.", EventName = "PeerConnectionEnded")]
        public static partial void ConnectionEnded(ILogger logger, SpiffeId spiffeId, System.Net.EndPoint? remote, RejectionReason reason, TimeSpan drainTimeout);

        [LoggerMessage(2, LogLevel.Information, "Cut off the connection of {SpiffeId} from {Remote}: {Reason}, and its requests did not finish in time.", EventName = "PeerConnectionAborted")]
        public static partial void ConnectionAborted(ILogger logger, SpiffeId spiffeId, System.Net.EndPoint? remote, RejectionReason reason);
    }
}
