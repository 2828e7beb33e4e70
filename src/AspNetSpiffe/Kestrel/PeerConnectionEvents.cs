using System.Net;
using Microsoft.Extensions.Logging;

namespace AspNetSpiffe;

/// <summary>Tells logs and metrics of the connections that we close. Whoever tells it waits for nobody.</summary>
internal sealed partial class PeerConnectionEvents(SpiffeServerMetrics metrics, ServerNotifications notifications)
{
    private readonly ILogger _logger = notifications.CreateLogger("AspNetSpiffe.PeerConnectionRegistry");
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

    // Said once: what throws on one connection mostly throws on all.
    public void CallbackFailed(Exception problem)
    {
        if (Interlocked.Exchange(ref _failed, 1) == 0) Log.CallbackFailed(_logger, problem);
    }

    public void CheckFailed(Exception problem) => Log.CheckFailed(_logger, problem);

    private static string Text(IReadOnlyList<RejectionReason> reasons) => string.Join(", ", reasons);

    // Mostly there is one, and then whoever reads the log by its values gets the value itself.
    private static object Value(IReadOnlyList<RejectionReason> reasons) => reasons is [var only] ? only : Text(reasons);

    private static partial class Log
    {
        [LoggerMessage(
            1, LogLevel.Information, "Closing the connection of {SpiffeId} from {Remote}: {Reason}. New requests are refused from {RefusedFrom:u} on, and those under way have {DrainTimeout} to finish.",
            EventName = "PeerConnectionEnded")]
        public static partial void ConnectionEnded(ILogger logger, SpiffeId spiffeId, EndPoint? remote, object reason, DateTimeOffset refusedFrom, TimeSpan drainTimeout);

        [LoggerMessage(2, LogLevel.Information, "Cut off the connection of {SpiffeId} from {Remote}: {Reason}, and its requests did not finish in time.", EventName = "PeerConnectionAborted")]
        public static partial void ConnectionAborted(ILogger logger, SpiffeId spiffeId, EndPoint? remote, object reason);

        [LoggerMessage(
            3, LogLevel.Error, "A callback that the application registered on a connection failed when the connection was closed; it is closed all the same. This is said once.",
            EventName = "ConnectionCallbackFailed")]
        public static partial void CallbackFailed(ILogger logger, Exception exception);

        [LoggerMessage(4, LogLevel.Error, "The connections could not be checked; trying again in a second.", EventName = "ConnectionCheckFailed")]
        public static partial void CheckFailed(ILogger logger, Exception exception);
    }
}
