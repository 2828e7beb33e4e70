using System.Collections.Concurrent;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Primitives;

namespace AspNetSpiffe;

/// <summary>All connections to SPIFFE endpoints. Ends those whose peer is no longer accepted.</summary>
/// <remarks>
/// Checks all connections when the bundles or the allowed peers change, and each one when its peer's SVID is about to expire. First every connection is marked, each under its own
/// lock, so that a handshake never waits for the others; then they are closed and logged, without holding a lock, because external code runs there.
/// </remarks>
internal sealed class PeerConnectionRegistry : IDisposable
{
    private readonly ConcurrentDictionary<PeerConnection, byte> _connections = new();
    private readonly SpiffeTls _tls;
    private readonly AllowedPeers _allowed;
    private readonly PeerConnectionEvents _events;
    private readonly TimeProvider _time;
    private readonly Random _random;
    private readonly ConnectionSchedule _schedule;
    private readonly IDisposable[] _subscriptions;

    // Two runners, so that connections are aborted in time while callbacks of others block.
    private readonly CallbackRunner _closing;
    private readonly CallbackRunner _aborting;
    private long _lastNumber;

    public PeerConnectionRegistry(
        [FromKeyedServices(Handshake.Key)] SpiffeTls tls, X509Source source, AllowedPeers allowed, PeerConnectionEvents events, TimeProvider time,
        [FromKeyedServices(Handshake.Key)] Random? random = null)
    {
        (_tls, _allowed, _events, _time, _random) = (tls, allowed, events, time, random ?? Random.Shared);
        (_closing, _aborting) = (new(events.CallbackFailed), new(events.CallbackFailed));
        _schedule = new(time, () => NotificationQueue.Guard(CheckDue, CheckFailed));
        events.ShowConnections(() => Verified.Select(static one => one.Peer));
        _subscriptions = [ChangeToken.OnChange(source.GetChangeToken, Check), ChangeToken.OnChange(allowed.GetChangeToken, Check)];
    }

    public int Count => _connections.Count;

    /// <summary>Gets the connections whose peer is known.</summary>
    public IEnumerable<(PeerConnection Connection, SpiffePeer Peer)> Verified
    {
        get
        {
            foreach (var (connection, _) in _connections)
                if (connection.KnownPeer is { } peer)
                    yield return (connection, peer);
        }
    }

    public PeerConnection Add(BaseConnectionContext context)
    {
        var connection = new PeerConnection(context, this, Interlocked.Increment(ref _lastNumber));
        _connections.TryAdd(connection, 0);
        context.ConnectionClosed.UnsafeRegister(_ => Remove(connection), null);
        return connection;
    }

    /// <summary>Registers a verified peer, and checks whether the bundles changed during its handshake.</summary>
    public void Accepted(PeerConnection connection, SpiffePeer peer)
    {
        List<Action>? consequences = null;
        lock (connection.Gate)
        {
            var now = _time.GetUtcNow();
            (connection.AcceptedAt, connection.Chance) = (now, _random.NextDouble());
            CheckOne(connection, peer, now, ref consequences);
        }

        CarryOut(consequences);
    }

    /// <summary>Starts the graceful close of a connection, once.</summary>
    public bool AskToClose(PeerConnection connection)
    {
        lock (connection.Gate)
        {
            if (connection.IsAsked) return false;
            connection.IsAsked = true;
        }

        _closing.Post(connection.RequestClose);
        return true;
    }

    public void Dispose()
    {
        foreach (var subscription in _subscriptions) subscription.Dispose();
        _schedule.Dispose();
    }

    /// <summary>Checks all connections.</summary>
    public void Check() => Check(Verified, _time.GetUtcNow());

    private void CheckDue()
    {
        var now = _time.GetUtcNow();
        Check(Due(now), now);
    }

    private void Check(IEnumerable<(PeerConnection Connection, SpiffePeer Peer)> some, DateTimeOffset now)
    {
        List<Action>? consequences = null;
        try
        {
            foreach (var (connection, peer) in some)
                lock (connection.Gate)
                    CheckOne(connection, peer, now, ref consequences);
        }
        finally
        {
            CarryOut(consequences);
        }
    }

    // A checked connection is due later, so the loop ends.
    private IEnumerable<(PeerConnection Connection, SpiffePeer Peer)> Due(DateTimeOffset now)
    {
        while (_schedule.FindDue(now) is { KnownPeer: { } peer } connection) yield return (connection, peer);
    }

    private void CheckOne(PeerConnection connection, SpiffePeer peer, DateTimeOffset now, ref List<Action>? consequences) =>
        _schedule.Set(connection, Judge(connection, peer, _allowed.Options, now, ref consequences), now);

    private void Remove(PeerConnection connection)
    {
        _connections.TryRemove(connection, out byte _);
        _schedule.Remove(connection);
    }

    // Returns the time of the next check; adds the actions to run without a lock to the consequences.
    private DateTimeOffset Judge(PeerConnection connection, SpiffePeer peer, SpiffeServerOptions options, DateTimeOffset now, ref List<Action>? consequences)
    {
        if (!connection.HasEnded && _tls.Recheck(peer) is { Count: > 0 } reasons && reasons.Where(options.EndsFor).ToArray() is { Length: > 0 } counting)
            End(connection, peer, counting, options, now, consequences ??= []);
        if (connection.HasEnded) return AbortIfDue(connection, peer, options, now, ref consequences);
        if (!options.CloseWhenExpired) return DateTimeOffset.MaxValue;

        return CloseIfDue(connection, peer, options, now, ref consequences);
    }

    private DateTimeOffset CloseIfDue(PeerConnection connection, SpiffePeer peer, SpiffeServerOptions options, DateTimeOffset now, ref List<Action>? consequences)
    {
        var closeAt = EarlyClose.At(peer.ValidUntil, connection.AcceptedAt, options.CloseBeforeExpiry, connection.Chance);
        if (now < closeAt) return closeAt;
        if (!connection.IsClosing)
        {
            connection.IsClosing = true;
            (consequences ??= []).Add(() => _events.Closing(connection, peer, [RejectionReason.Expired], peer.ValidUntil, Plus(peer.ValidUntil - now, options.DrainTimeout)));
        }

        // Closing between two requests could lose one that is already sent, so an active connection is closed with a response, and only one that was idle for most of the
        // remaining time is closed without one.
        var askAt = connection.HasServed ? peer.ValidUntil - ((peer.ValidUntil - closeAt) / 4) : closeAt;
        if (now < askAt) return askAt;
        if (!connection.IsAsked)
        {
            connection.IsAsked = true;
            (consequences ??= []).Add(() => _closing.Post(connection.RequestClose));
        }

        return peer.ValidUntil;
    }

    private void End(
        PeerConnection connection, SpiffePeer peer, RejectionReason[] reasons, SpiffeServerOptions options, DateTimeOffset now, List<Action> consequences)
    {
        connection.End(reasons, now);
        consequences.Add(() => _closing.Post(connection.RequestClose));

        // The expiry was already logged when the graceful close started.
        if (!connection.IsClosing || reasons is not [RejectionReason.Expired]) consequences.Add(() => _events.Closing(connection, peer, reasons, now, options.DrainTimeout));
    }

    private DateTimeOffset AbortIfDue(PeerConnection connection, SpiffePeer peer, SpiffeServerOptions options, DateTimeOffset now, ref List<Action>? consequences)
    {
        if (options.DrainTimeout == Timeout.InfiniteTimeSpan) return DateTimeOffset.MaxValue;
        if (now - connection.EndedAt < options.DrainTimeout) return connection.EndedAt + options.DrainTimeout;

        // Kestrel may report the end of the connection with a delay; it must not be counted twice.
        if (!_connections.TryRemove(connection, out byte _)) return DateTimeOffset.MaxValue;
        consequences ??= [];
        consequences.Add(() => _aborting.Post(connection.Abort));
        consequences.Add(() => _events.Aborted(connection, peer));
        return DateTimeOffset.MaxValue;
    }

    private void CarryOut(List<Action>? consequences)
    {
        foreach (var consequence in consequences ?? []) NotificationQueue.Guard(consequence, CheckFailed);
    }

    // An unexpected exception must neither end the process nor leave connections open.
    private void CheckFailed(Exception problem)
    {
        _events.CheckFailed(problem);
        _schedule.Retry();
    }

    private static TimeSpan Plus(TimeSpan time, TimeSpan drainTimeout) => drainTimeout == Timeout.InfiniteTimeSpan ? drainTimeout : time + drainTimeout;
}
