namespace AspNetSpiffe;

/// <summary>The limit on HTTP/2 pings of a connection: the defaults of grpc-go, which SPIRE and most other agents use.</summary>
/// <remarks>
/// As <c>handlePing</c> of grpc-go's http2_server.go: a ping sooner than five minutes after the last one, or than two hours when no call is open, is a strike;
/// data that the server sends for a call resets the strikes; the third strike ends the connection. Thread-safe.
/// </remarks>
internal sealed class PingPolicy(TimeProvider time)
{
    public static readonly TimeSpan MinTime = TimeSpan.FromMinutes(5);
    public static readonly TimeSpan MinTimeWithoutCall = TimeSpan.FromHours(2);
    private const int MaxStrikes = 2;

    private readonly Lock _lock = new();
    private readonly HashSet<int> _calls = [];
    private long? _lastPing;
    private bool _forgiven;
    private int _strikes;
    private int _lastStreamId;
    private volatile bool _isBroken;

    /// <summary>Gets whether there were too many pings; never reset.</summary>
    public bool IsBroken => _isBroken;

    /// <summary>Gets the last stream that the client opened.</summary>
    public int LastStreamId => Volatile.Read(ref _lastStreamId);

    public void ClientSent(Http2Frame frame)
    {
        lock (_lock)
        {
            if (frame.Type == Http2FrameType.Ping && !frame.IsAck) CountPing();
            else if (frame.Type == Http2FrameType.RstStream) _calls.Remove(frame.StreamId);
            else if (frame.Type == Http2FrameType.Headers && frame.StreamId > _lastStreamId) _calls.Add(_lastStreamId = frame.StreamId);
        }
    }

    public void ServerSent(Http2Frame frame)
    {
        lock (_lock)
        {
            if (frame.Type is Http2FrameType.Headers or Http2FrameType.Data) _forgiven = true;
            if (frame.EndsStream || frame.Type == Http2FrameType.RstStream) _calls.Remove(frame.StreamId);
        }
    }

    private void CountPing()
    {
        var isEarly = _lastPing is { } last && time.GetElapsedTime(last) < (_calls.Count > 0 ? MinTime : MinTimeWithoutCall);
        _lastPing = time.GetTimestamp();
        if (_forgiven) (_forgiven, _strikes) = (false, 0);
        else if (isEarly && ++_strikes > MaxStrikes) _isBroken = true;
    }
}
