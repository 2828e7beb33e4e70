using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace AspNetSpiffe;

/// <summary>All connections of one client to servers with a SPIFFE ID. Aborts those whose server is no longer trusted, after the drain timeout of in-flight requests.</summary>
/// <param name="tls">Verifies servers.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">May be called under locks: <see cref="NotificationQueue.CreateLogger"/>.</param>
internal sealed partial class PeerStreams(ClientTls tls, TimeProvider time, ILogger logger)
{
    private readonly ConcurrentDictionary<VerifiedStream, SpiffePeer> _streams = new();
    private readonly CallbackRunner _closing = new(problem => Log.StreamFailed(logger, problem));
    private volatile UnansweredException? _lastUnanswered;

    /// <summary>Gets or sets the end of the last connection that the server closed before it sent data.</summary>
    public UnansweredException? LastUnanswered
    {
        get => _lastUnanswered;
        set => _lastUnanswered = value;
    }

    /// <summary>Gets the open connections.</summary>
    public IEnumerable<SpiffeClientConnection> Open =>
        _streams.Select(static one => new SpiffeClientConnection { Authority = one.Key.Authority, ServerId = one.Value.Id, ValidUntil = one.Value.ValidUntil });

    public void Add(VerifiedStream stream, SpiffePeer server) => _streams.TryAdd(stream, server);

    public void Remove(VerifiedStream stream) => _streams.TryRemove(stream, out _);

    /// <summary>Finds the SPIFFE ID for an authority (host and port), if all connections to it have the same.</summary>
    public SpiffeId? FindServer(string authority)
    {
        SpiffeId? only = null;
        foreach (var (stream, server) in _streams)
        {
            if (stream.Authority != authority || server.Id == only) continue;
            if (only is not null) return null;
            only = server.Id;
        }

        return only;
    }

    /// <summary>Checks every connection.</summary>
    /// <param name="drainTimeout">The time in which in-flight requests must finish.</param>
    /// <param name="untrusted">Whether a connection has become untrusted: the pool that may contain it must not be used any more.</param>
    /// <returns>The time of the next check.</returns>
    public DateTimeOffset Check(TimeSpan drainTimeout, out bool untrusted)
    {
        var (now, next) = (time.GetUtcNow(), DateTimeOffset.MaxValue);
        untrusted = false;
        foreach (var (stream, server) in _streams)
        {
            if (stream.AbortAt is null && tls.Recheck(server) is { Count: > 0 } reasons)
            {
                stream.AbortAt = drainTimeout == Timeout.InfiniteTimeSpan ? DateTimeOffset.MaxValue : now + drainTimeout;
                untrusted = true;
                tls.Source.Metrics.ServerLeft(reasons[0]);
                Log.ServerUntrusted(logger, server.Id, reasons[0], drainTimeout);
            }

            if (stream.AbortAt <= now) Abort(stream, server);
            else if ((stream.AbortAt ?? server.ValidUntil) is var due && due < next) next = due;
        }

        return next;
    }

    /// <summary>Logs that a check by the timer failed.</summary>
    public void CheckFailed(Exception problem) => Log.CheckFailed(logger, problem);

    /// <summary>Logs an exception of a stream of the application.</summary>
    public void StreamFailed(Exception problem) => Log.StreamFailed(logger, problem);

    private void Abort(VerifiedStream stream, SpiffePeer server)
    {
        Remove(stream);
        stream.Abort(WhyOf(server));
        _closing.Post(stream.CloseInner);
        Log.ConnectionAborted(logger, server.Id);
    }

    private static string WhyOf(SpiffePeer peer) =>
        $"The client aborted the connection to '{peer.Id}': the server is no longer trusted, and its requests did not finish in time. The log says why (event ServerConnectionEnded).";

    /// <seealso cref="LogCategories.HttpHandler"/>
    private static partial class Log
    {
        /// <summary>
        /// A client sends no new requests over a connection, because its server is no longer trusted: its chain expired or is revoked, its CA was removed from the bundle, or it
        /// is no longer the expected server.
        /// </summary>
        /// <remarks>For <c>Expired</c>, check the agent of the server. For other reasons, see <see href="../rejections.md#peers">the rejection reasons of peers</see>.</remarks>
        [LoggerMessage(1, LogLevel.Information, "Closing the connection to {SpiffeId}: {Reason}. In-flight requests have {DrainTimeout} to finish.", EventName = "ServerConnectionEnded")]
        public static partial void ServerUntrusted(ILogger logger, SpiffeId spiffeId, RejectionReason reason, TimeSpan drainTimeout);

        /// <summary>A connection was closed (<see href="#serverconnectionended">ServerConnectionEnded</see>), and in-flight requests on it did not finish within <c>DrainTimeout</c>: they failed.</summary>
        /// <remarks>Nothing, if it is rare. If requests may take as long, set a longer <c>DrainTimeout</c> of the handler.</remarks>
        [LoggerMessage(2, LogLevel.Information, "Aborted the connection to {SpiffeId}: its requests did not finish in time.", EventName = "ServerConnectionAborted")]
        public static partial void ConnectionAborted(ILogger logger, SpiffeId spiffeId);

        /// <summary>A stream that the application created, in <c>ConnectCallback</c> or <c>PlaintextStreamFilter</c>, threw an exception when its connection was closed.</summary>
        /// <remarks>The exception names the stream: correct it.</remarks>
        [LoggerMessage(
            3, LogLevel.Error,
            "A stream of the application, from its ConnectCallback or its PlaintextStreamFilter, failed when its connection was closed. The connection is no longer used.",
            EventName = "ClientStreamFailed")]
        public static partial void StreamFailed(ILogger logger, Exception exception);

        /// <summary>The check of the open connections of a client threw an exception. They are checked again before the next request.</summary>
        /// <remarks>If it recurs, report it, with the exception.</remarks>
        [LoggerMessage(4, LogLevel.Error, "The check of a client's connections failed. It is retried with the next request.", EventName = "ClientCheckFailed")]
        public static partial void CheckFailed(ILogger logger, Exception exception);
    }
}
