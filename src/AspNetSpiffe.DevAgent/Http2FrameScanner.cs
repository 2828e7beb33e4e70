using System.Buffers.Binary;

namespace AspNetSpiffe;

/// <summary>The header of a frame, its first nine bytes (RFC 9113 §4.1).</summary>
internal readonly record struct Http2Frame(Http2FrameType Type, byte Flags, int StreamId)
{
    // The same bit is ACK of PING, and END_STREAM of HEADERS and DATA.
    private const byte FirstFlag = 0x1;

    public bool IsAck => Type == Http2FrameType.Ping && (Flags & FirstFlag) != 0;

    public bool EndsStream => Type is (Http2FrameType.Data or Http2FrameType.Headers) && (Flags & FirstFlag) != 0;
}

/// <summary>The frame types that the ping policy uses (RFC 9113 §6).</summary>
internal enum Http2FrameType : byte
{
    Data = 0x0,
    Headers = 0x1,
    RstStream = 0x3,
    Ping = 0x6,
    GoAway = 0x7,
}

/// <summary>Finds the frames in one direction of a connection while its bytes pass through, however they are split.</summary>
/// <param name="prefaceLength">The number of bytes before the first frame: 24 from a client.</param>
/// <param name="found">Called for each frame when its header is complete.</param>
internal sealed class Http2FrameScanner(int prefaceLength, Action<Http2Frame> found)
{
    public const int HeaderLength = 9;

    private readonly byte[] _header = new byte[HeaderLength];
    private int _headerBytes;
    private int _toSkip = prefaceLength;

    /// <summary>Gets whether another frame could be inserted here.</summary>
    public bool IsBetweenFrames => _headerBytes == 0 && _toSkip == 0;

    public void Scan(ReadOnlySpan<byte> bytes)
    {
        while (true)
        {
            var skipped = Math.Min(_toSkip, bytes.Length);
            _toSkip -= skipped;
            bytes = bytes[skipped..];
            if (bytes.IsEmpty) return;

            var taken = Math.Min(HeaderLength - _headerBytes, bytes.Length);
            bytes[..taken].CopyTo(_header.AsSpan(_headerBytes));
            _headerBytes += taken;
            bytes = bytes[taken..];
            if (_headerBytes == HeaderLength) Find();
        }
    }

    private void Find()
    {
        _headerBytes = 0;
        _toSkip = _header[0] << 16 | _header[1] << 8 | _header[2];
        found(new((Http2FrameType)_header[3], _header[4], BinaryPrimitives.ReadInt32BigEndian(_header.AsSpan(5)) & int.MaxValue));
    }
}
