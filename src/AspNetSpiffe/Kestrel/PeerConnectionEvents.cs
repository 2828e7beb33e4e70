using System.Net;
using Microsoft.Extensions.Logging;

namespace AspNetSpiffe;

/// <summary>Reports closed connections to logs and metrics, without blocking its caller.</summary>
internal sealed partial class PeerConnectionEvents(SpiffeServerMetrics metrics, ServerNotifications notifications)
{
    private readonly ILogger _logger = notifications.CreateLogger(LogCategories.PeerConnectionRegistry);
    private int _failed;

    /// <inheritdoc cref="SpiffeServerMetrics.ShowConnections"/>
    public void ShowConnections(Func<IEnumerable<SpiffePeer>> peers) => metrics.ShowConnections(peers);

    public void Closing(PeerConnection connection, SpiffePeer peer, IReadOnlyList<RejectionReason> reasons, DateTimeOffset refusedFrom, TimeSpan drainTimeout)
    {
        metrics.Ended(reasons);
        Log.ConnectionEnded(_logger, peer.Id, connection.Remote, Value(reasons), refusedFrom, drainTimeout);
    }

    public void Aborted(PeerConnection connection, SpiffePeer peer)
    {
        metrics.Aborted(connection.Reasons);
        Log.ConnectionAborted(_logger, peer.Id, connection.Remote, Value(connection.Reasons));
    }

    // Logged once: a callback that throws on one connection usually throws on all.
    public void CallbackFailed(Exception problem)
    {
        if (Interlocked.Exchange(ref _failed, 1) == 0) Log.CallbackFailed(_logger, problem);
    }

    public void CheckFailed(Exception problem) => Log.CheckFailed(_logger, problem);

    private static string Text(IReadOnlyList<RejectionReason> reasons) => string.Join(", ", reasons);

    // A single reason is logged as the enum value itself, for structured logs.
    private static object Value(IReadOnlyList<RejectionReason> reasons) => reasons is [var only] ? only : Text(reasons);

    /// <seealso cref="LogCategories.PeerConnectionRegistry"/>
    private static partial class Log
    {
        /// <summary>
        /// The server closes a connection because its peer is no longer accepted: its certificate chain expired or is revoked, its CA was removed from the bundle, or
        /// the peer is no longer allowed.
        /// </summary>
        /// <remarks>
        /// For <c>Expired</c>, check why the peer did not reconnect with a renewed SVID: its agent, or a client that keeps one connection. For other reasons, see
        /// <see href="../rejections.md#peers">the rejection reasons of peers</see>.
        /// </remarks>
        [LoggerMessage(
            1, LogLevel.Information, "Closing the connection of {SpiffeId} from {Remote}: {Reason}. New requests are rejected from {RefusedFrom:u} on, and in-flight requests have {DrainTimeout} to finish.",
            EventName = "PeerConnectionEnded")]
        public static partial void ConnectionEnded(ILogger logger, SpiffeId spiffeId, EndPoint? remote, object reason, DateTimeOffset refusedFrom, TimeSpan drainTimeout);

        /// <summary>A connection was closed (<see href="#peerconnectionended">PeerConnectionEnded</see>), and in-flight requests on it did not finish within <c>Spiffe:DrainTimeout</c>: they were aborted.</summary>
        /// <remarks>Nothing, if it is rare. If requests may take as long, set a longer <c>Spiffe:DrainTimeout</c>.</remarks>
        [LoggerMessage(2, LogLevel.Information, "Aborted the connection of {SpiffeId} from {Remote}: {Reason}, and its requests did not finish in time.", EventName = "PeerConnectionAborted")]
        public static partial void ConnectionAborted(ILogger logger, SpiffeId spiffeId, EndPoint? remote, object reason);

        /// <summary>A callback that the application registered for the closing of a connection threw an exception. Logged once.</summary>
        /// <remarks>The exception names the callback: correct it.</remarks>
        [LoggerMessage(
            3, LogLevel.Error, "A callback that the application registered on a connection failed when the connection was closed; the connection is closed nevertheless. Logged once.",
            EventName = "ConnectionCallbackFailed")]
        public static partial void CallbackFailed(ILogger logger, Exception exception);

        /// <summary>The regular check of all open connections threw an exception. Until the next one succeeds, connections that should be closed stay open.</summary>
        /// <remarks>If it recurs, report it, with the exception, and restart.</remarks>
        [LoggerMessage(4, LogLevel.Error, "The check of the open connections failed; retrying in a second.", EventName = "ConnectionCheckFailed")]
        public static partial void CheckFailed(ILogger logger, Exception exception);
    }
}
