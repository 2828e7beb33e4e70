using System.Buffers.Binary;
using System.Text;

namespace AspNetSpiffe.Benchmarks;

/// <summary>Requests over HTTP/2 on kept connections, in batches of streams. Answers without a body end with their headers.</summary>
internal sealed class Http2Load(int port, Peer peer, string path)
{
    private const int Batch = 50;
    private const int FrameHeader = 9;
    private const byte Headers = 1, Settings = 4, Goaway = 7;
    private const byte EndStream = 1, EndHeaders = 4;

    // Indexed in HPACK's static table, or literals that leave the tables as they are.
    private readonly byte[] _block = [0x82, 0x87, 0x04, (byte)path.Length, .. Encoding.ASCII.GetBytes(path), 0x01, 9, .. "localhost"u8];
    private readonly byte[] _received = new byte[64 * 1024];
    private int _held;
    private int _stream = 1;

    public int Run(int count)
    {
        using var connection = new TlsConnection(port, peer, [2, (byte)'h', (byte)'2']);
        connection.Write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\u0004\0\0\0\0\0"u8);
        var (failed, frames) = (0, new byte[Batch * (FrameHeader + _block.Length)]);
        for (var done = 0; done < count; done += Batch)
        {
            for (var i = 0; i < Batch; i++) WriteRequest(frames.AsSpan(i * (FrameHeader + _block.Length)));
            connection.Write(frames);
            failed += Batch - ReadAnswers(connection);
        }

        return failed;
    }

    private void WriteRequest(Span<byte> frame)
    {
        BinaryPrimitives.WriteInt32BigEndian(frame, _block.Length << 8);
        frame[3] = Headers;
        frame[4] = EndStream | EndHeaders;
        BinaryPrimitives.WriteInt32BigEndian(frame[5..], _stream);
        _block.CopyTo(frame[FrameHeader..]);
        _stream += 2;
    }

    /// <summary>Reads the answers of a batch, and gives how many said 200.</summary>
    private int ReadAnswers(TlsConnection connection)
    {
        var (ended, good) = (0, 0);
        while (ended < Batch)
        {
            _held += connection.Read(_received.AsSpan(_held));
            var rest = _received.AsSpan(0, _held);
            while (rest.Length >= FrameHeader && rest.Length >= FrameHeader + Length(rest))
            {
                var (type, flags) = (rest[3], rest[4]);
                var payload = rest.Slice(FrameHeader, Length(rest));
                if (type == Goaway) throw new InvalidOperationException("The server ends the connection.");
                if (type == Settings && (flags & 1) == 0) connection.Write("\0\0\0\u0004\u0001\0\0\0\0"u8);
                if (type == Headers && (flags & EndStream) != 0) ended++;
                if (type == Headers && payload.Contains((byte)0x88)) good++;
                rest = rest[(FrameHeader + payload.Length)..];
            }

            rest.CopyTo(_received);
            _held = rest.Length;
        }

        return good;
    }

    private static int Length(ReadOnlySpan<byte> frame) => (frame[0] << 16) | (frame[1] << 8) | frame[2];
}
