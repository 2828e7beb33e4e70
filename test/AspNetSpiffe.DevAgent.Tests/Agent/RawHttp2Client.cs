using System.Buffers.Binary;
using System.Net.Sockets;
using System.Text;

namespace AspNetSpiffe.AgentTests;

/// <summary>HTTP/2 byte by byte over a socket of the agent: a client that pings as it likes.</summary>
internal sealed class RawHttp2Client : IAsyncDisposable
{
    public const byte Data = 0x0;
    public const byte Headers = 0x1;
    public const byte RstStream = 0x3;
    public const byte Ping = 0x6;
    public const byte GoAway = 0x7;

    private readonly NetworkStream _stream;
    private int _lastStream = -1;

    private RawHttp2Client(NetworkStream stream) => _stream = stream;

    /// <summary>Gets or sets whether each byte is sent by itself.</summary>
    public bool ByteByByte { get; set; }

    public static async Task<RawHttp2Client> ConnectAsync(DevAgent agent, CancellationToken cancellationToken)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await socket.ConnectAsync(new UnixDomainSocketEndPoint(agent.AddressOf("web")["unix://".Length..]), cancellationToken);
        var client = new RawHttp2Client(new(socket, ownsSocket: true));
        await client._stream.WriteAsync("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8.ToArray(), cancellationToken);
        await client.SendAsync(type: 0x4, flags: 0, stream: 0, [], cancellationToken);
        return client;
    }

    /// <summary>Opens a watch of X509-SVIDs, and reads its first message.</summary>
    public async Task<int> WatchAsync(CancellationToken cancellationToken)
    {
        _lastStream += 2;
        byte[] headers =
        [
            0x83, 0x86, .. Text(0x04, "/SpiffeWorkloadAPI/FetchX509SVID"), .. Text(0x01, "localhost"), 0x0F, .. Text(0x10, "application/grpc"),
            .. Text(0x00, "te"), .. Text(null, "trailers"), .. Text(0x00, "workload.spiffe.io"), .. Text(null, "true"),
        ];
        await SendAsync(Headers, flags: 0x4, _lastStream, headers, cancellationToken);
        await SendAsync(Data, flags: 0x1, _lastStream, [0, 0, 0, 0, 0], cancellationToken);
        await ReadAsync(Data, cancellationToken);
        return _lastStream;
    }

    /// <summary>Pings, and reads until the answer to it.</summary>
    public async Task PingAsync(CancellationToken cancellationToken)
    {
        await SendPingAsync(flags: 0, cancellationToken);
        await ReadAsync(Ping, cancellationToken);
    }

    public Task SendPingAsync(byte flags, CancellationToken cancellationToken) => SendAsync(Ping, flags, stream: 0, new byte[8], cancellationToken);

    public Task ResetAsync(int stream, CancellationToken cancellationToken) => SendAsync(RstStream, flags: 0, stream, new byte[4], cancellationToken);

    /// <summary>Reads until a frame of this type; a GOAWAY in its place fails the test.</summary>
    public async Task<byte[]> ReadAsync(byte type, CancellationToken cancellationToken)
    {
        while (true)
        {
            var (found, payload) = await ReadAnyAsync(cancellationToken) ?? throw new IOException("The agent closed the connection.");
            if (found == type) return payload;
            Assert.NotEqual(GoAway, found);
        }
    }

    /// <summary>Reads until the agent says goodbye; gives its error and its words.</summary>
    public async Task<(int Error, string Reason)> ReadGoAwayAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var (found, payload) = await ReadAnyAsync(cancellationToken) ?? throw new IOException("The agent closed the connection without a GOAWAY.");
            if (found == GoAway) return (BinaryPrimitives.ReadInt32BigEndian(payload.AsSpan(4)), Encoding.ASCII.GetString(payload.AsSpan(8)));
        }
    }

    /// <summary>Reads one frame; null at the end of the connection.</summary>
    public async Task<(byte Type, byte[] Payload)?> ReadAnyAsync(CancellationToken cancellationToken)
    {
        var header = new byte[9];
        if (await _stream.ReadAtLeastAsync(header, header.Length, throwOnEndOfStream: false, cancellationToken) < header.Length) return null;

        var payload = new byte[header[0] << 16 | header[1] << 8 | header[2]];
        await _stream.ReadExactlyAsync(payload, cancellationToken);
        return (header[3], payload);
    }

    public ValueTask DisposeAsync() => _stream.DisposeAsync();

    private async Task SendAsync(byte type, byte flags, int stream, byte[] payload, CancellationToken cancellationToken)
    {
        var frame = new byte[9 + payload.Length];
        BinaryPrimitives.WriteInt32BigEndian(frame, payload.Length << 8 | type);
        frame[4] = flags;
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(5), stream);
        payload.CopyTo(frame, 9);
        if (!ByteByByte) await _stream.WriteAsync(frame, cancellationToken);
        else for (var i = 0; i < frame.Length; i++) await _stream.WriteAsync(frame.AsMemory(i, 1), cancellationToken);
    }

    // HPACK without Huffman: the short form of a length is enough.
    private static byte[] Text(byte? first, string text) =>
        first is { } octet ? [octet, (byte)text.Length, .. Encoding.ASCII.GetBytes(text)] : [(byte)text.Length, .. Encoding.ASCII.GetBytes(text)];
}
