using System.Buffers.Binary;
using System.Net.Security;
using System.Net.Sockets;
using System.Text;
using AspNetSpiffe.Tests.Handshakes;

namespace AspNetSpiffe.Tests.Kestrel;

/// <summary>An HTTP/2 client that does what a good one would not: it goes on opening streams after GOAWAY (RFC 9113 §6.8).</summary>
internal sealed class RawHttp2 : IAsyncDisposable
{
    private const byte Headers = 1;
    private const byte Settings = 4;
    private const byte Ping = 6;
    private const byte GoAway = 7;
    private const byte EndStreamAndHeaders = 5;

    private readonly TcpClient _socket;
    private readonly SslStream _tls;
    private readonly Dictionary<int, string> _statuses = [];
    private bool _goAway;
    private bool _pong;
    private int _lastStream = int.MaxValue;
    private int _nextStream = 1;

    private RawHttp2(TcpClient socket, SslStream tls) => (_socket, _tls) = (socket, tls);

    public static async Task<RawHttp2> ConnectAsync(Uri address, Presented svid, CancellationToken cancellationToken)
    {
        var socket = new TcpClient(AddressFamily.InterNetwork);
        await socket.ConnectAsync(System.Net.IPAddress.Loopback, address.Port, cancellationToken);
        var tls = new SslStream(socket.GetStream());
        var options = svid.ToClientOptions();
        (options.TargetHost, options.ApplicationProtocols) = ("localhost", [SslApplicationProtocol.Http2]);
        await tls.AuthenticateAsClientAsync(options, cancellationToken);
        var client = new RawHttp2(socket, tls);
        await tls.WriteAsync("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8.ToArray(), cancellationToken);

        // SETTINGS_HEADER_TABLE_SIZE = 0: the server writes each header out.
        await client.WriteAsync(Settings, flags: 0, stream: 0, [0, 1, 0, 0, 0, 0], cancellationToken);
        return client;
    }

    /// <summary>Begins a request and gives the number of its stream.</summary>
    public async Task<int> SendAsync(string path, CancellationToken cancellationToken)
    {
        var stream = _nextStream;
        _nextStream += 2;

        // HPACK: GET and https from the static table, then :path and :authority as they are.
        byte[] block = [0x82, 0x87, 0x04, (byte)path.Length, .. Encoding.ASCII.GetBytes(path), 0x01, 9, .. "localhost"u8];
        await WriteAsync(Headers, EndStreamAndHeaders, stream, block, cancellationToken);
        return stream;
    }

    /// <summary>Waits for the status of an answer; fails when the server has said that it will not come.</summary>
    public async Task<string> StatusOfAsync(int stream, CancellationToken cancellationToken)
    {
        while (!_statuses.ContainsKey(stream))
        {
            if (_lastStream < stream) throw new IOException($"GOAWAY: the last stream that is answered is {_lastStream}, and not {stream}.");
            await ReadFrameAsync(cancellationToken);
        }

        return _statuses[stream];
    }

    /// <summary>Asks whether the server is there, and waits until it has said so.</summary>
    public async Task PingAsync(CancellationToken cancellationToken)
    {
        _pong = false;
        await WriteAsync(Ping, flags: 0, stream: 0, new byte[8], cancellationToken);
        while (!_pong) await ReadFrameAsync(cancellationToken);
    }

    public async Task<string> GetAsync(string path, CancellationToken cancellationToken) => await StatusOfAsync(await SendAsync(path, cancellationToken), cancellationToken);

    public async Task WaitForGoAwayAsync(CancellationToken cancellationToken)
    {
        while (!_goAway) await ReadFrameAsync(cancellationToken);
    }

    /// <summary>Waits until the server has closed the connection.</summary>
    public async Task WaitForEndAsync(CancellationToken cancellationToken)
    {
        while (await _tls.ReadAsync(new byte[1024], cancellationToken) > 0)
        {
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _tls.DisposeAsync();
        _socket.Dispose();
    }

    private async Task WriteAsync(byte type, byte flags, int stream, byte[] payload, CancellationToken cancellationToken)
    {
        var frame = new byte[9 + payload.Length];
        (frame[2], frame[3], frame[4]) = ((byte)payload.Length, type, flags);
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(5), stream);
        payload.CopyTo(frame, 9);
        await _tls.WriteAsync(frame, cancellationToken);
    }

    private async Task ReadFrameAsync(CancellationToken cancellationToken)
    {
        var header = new byte[9];
        await _tls.ReadExactlyAsync(header, cancellationToken);
        var payload = new byte[(header[0] << 16) | (header[1] << 8) | header[2]];
        await _tls.ReadExactlyAsync(payload, cancellationToken);
        _goAway |= header[3] == GoAway;
        _pong |= header[3] == Ping;
        if (header[3] == GoAway) _lastStream = BinaryPrimitives.ReadInt32BigEndian(payload);
        if (header[3] == Headers) _statuses.TryAdd(BinaryPrimitives.ReadInt32BigEndian(header.AsSpan(5)), StatusIn(payload));
    }

    // 200 is an entry of the static table; 401 is none, and Kestrel writes it out.
    private static string StatusIn(ReadOnlySpan<byte> block) => block.IndexOf("401"u8) >= 0 ? "401" : block.IndexOf((byte)0x88) >= 0 ? "200" : Convert.ToHexString(block);
}
