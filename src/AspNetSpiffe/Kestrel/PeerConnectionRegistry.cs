using System.Collections.Concurrent;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Primitives;

namespace AspNetSpiffe;

/// <summary>All connections to SPIFFE endpoints. Ends those for which no longer holds what was true at their handshake.</summary>
/// <remarks>
/// Looks again when the bundles or the allowed peers change, and when the next SVID of a peer expires: one timer for all. First every connection is marked, under the
/// lock; then they are asked to close and the logs are told, where code that is not ours runs and no lock is held.
/// </remarks>
internal sealed class PeerConnectionRegistry : IDisposable
{
    // Timers end at 49 days; to look again each day costs nothing.
    private static readonly TimeSpan LongestWait = TimeSpan.FromDays(1);
    private static readonly TimeSpan WaitAfterFault = TimeSpan.FromSeconds(1);

    private readonly ConcurrentDictionary<PeerConnection, byte> _connections = new();
    private readonly Lock _checking = new();
    private readonly SpiffeTls _tls;
    private readonly AllowedPeers _allowed;
    private readonly PeerConnectionEvents _events;
    private readonly TimeProvider _time;
    private readonly Random _random;
    private readonly ITimer _timer;
    private readonly IDisposable[] _subscriptions;

    // Two, so that connections are cut off in time while callbacks of others block.
    private readonly CallbackRunner _closing;
    private readonly CallbackRunner _aborting;
    private DateTimeOffset _due = DateTimeOffset.MaxValue;

    public PeerConnectionRegistry(
        [FromKeyedServices(Handshake.Key)] SpiffeTls tls, X509Source source, AllowedPeers allowed, PeerConnectionEvents events, TimeProvider time,
        [FromKeyedServices(Handshake.Key)] Random? random = null)
    {
        (_tls, _allowed, _events, _time, _random) = (tls, allowed, events, time, random ?? Random.Shared);
        (_closing, _aborting) = (new(events.CallbackFailed), new(events.CallbackFailed));
        _timer = time.CreateTimer(_ => NotificationQueue.Guard(Check, CheckFailed), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
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
        var connection = new PeerConnection(context, this);
        _connections.TryAdd(connection, 0);
        context.ConnectionClosed.UnsafeRegister(_ => _connections.TryRemove(connection, out byte _), null);
        return connection;
    }

    /// <summary>Takes note of a verified peer, and looks at once whether the bundles changed during its handshake.</summary>
    public void Accepted(PeerConnection connection, SpiffePeer peer)
    {
        List<Action>? consequences = null;
        lock (_checking)
        {
            var now = _time.GetUtcNow();
            (connection.AcceptedAt, connection.Chance) = (now, _random.NextDouble());
            Schedule(CheckOne(connection, peer, _allowed.Options, now, ref consequences), now);
        }

        CarryOut(consequences);
    }

    /// <summary>Asks a peer to close, once.</summary>
    public bool AskToClose(PeerConnection connection)
    {
        lock (_checking)
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
        _timer.Dispose();
    }

    /// <summary>Looks at all connections.</summary>
    public void Check()
    {
        List<Action>? consequences = null;
        lock (_checking)
        {
            var (options, now) = (_allowed.Options, _time.GetUtcNow());
            _due = DateTimeOffset.MaxValue;
            foreach (var (connection, _) in _connections)
                if (connection.KnownPeer is { } peer)
                    Schedule(CheckOne(connection, peer, options, now, ref consequences), now);
        }

        CarryOut(consequences);
    }

    // Says when to look again; what is to be done when no lock is held, it adds to the consequences.
    private DateTimeOffset CheckOne(PeerConnection connection, SpiffePeer peer, SpiffeServerOptions options, DateTimeOffset now, ref List<Action>? consequences)
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

        // Closing between two requests could hit the next one on its way, so a busy peer is told with an answer, and only one that was idle for most of the time left finds
        // itself closed.
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

        // That it expires was told when it was asked to close.
        if (!connection.IsClosing || reasons is not [RejectionReason.Expired]) consequences.Add(() => _events.Closing(connection, peer, reasons, now, options.DrainTimeout));
    }

    private DateTimeOffset AbortIfDue(PeerConnection connection, SpiffePeer peer, SpiffeServerOptions options, DateTimeOffset now, ref List<Action>? consequences)
    {
        if (options.DrainTimeout == Timeout.InfiniteTimeSpan) return DateTimeOffset.MaxValue;
        if (now - connection.EndedAt < options.DrainTimeout) return connection.EndedAt + options.DrainTimeout;

        // Kestrel may need a moment to tell us that it is closed; it is not to be counted twice.
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

    private void Schedule(DateTimeOffset next, DateTimeOffset now)
    {
        if (next >= _due) return;
        _due = next;

        // A moment later: a timer may fire a little before its time.
        var wait = next - now + TimeSpan.FromMilliseconds(1);
        _timer.Change(wait < LongestWait ? wait : LongestWait, Timeout.InfiniteTimeSpan);
    }

    // What we do not foresee must neither end the process nor leave connections open.
    private void CheckFailed(Exception problem)
    {
        _events.CheckFailed(problem);
        _timer.Change(WaitAfterFault, Timeout.InfiniteTimeSpan);
    }

    private static TimeSpan Plus(TimeSpan time, TimeSpan drainTimeout) => drainTimeout == Timeout.InfiniteTimeSpan ? drainTimeout : time + drainTimeout;
}
