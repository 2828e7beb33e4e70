namespace AspNetSpiffe;

/// <summary>The stream of a connection to an agent. It keeps the first received bytes, to identify the protocol of the server.</summary>
internal sealed class AgentStream(Stream connection) : Stream
{
    // The header of an HTTP/2 frame; the first frame must be SETTINGS (RFC 9113 §3.4).
    private const int HeadLength = 9;
    private const byte SettingsFrame = 4;

    private readonly byte[] _head = new byte[HeadLength];
    private volatile int _received;

    /// <summary>Gets whether nothing was received.</summary>
    public bool IsSilent => _received == 0;

    /// <summary>Gets a description of the server when its first bytes are not HTTP/2; read after the connection has ended.</summary>
    public string? Stranger => _head.AsSpan(0, _received) switch
    {
        [] => null,
        [0x15 or 0x16, 0x03, ..] => "The listener uses TLS, so it is not a SPIFFE Workload API, which uses HTTP/2 without TLS: check the address.",
        [(byte)'H', (byte)'T', (byte)'T', (byte)'P', ..] => "The listener is a web server without HTTP/2 (it responded with HTTP/1), so it is not a SPIFFE Workload API: check the address.",
        [_, _, _, SettingsFrame, ..] => null,
        _ => "The listener does not support HTTP/2, so it is not a SPIFFE Workload API; the socket may belong to another program: check the address.",
    };

    public override bool CanRead => true;

    public override bool CanWrite => true;

    public override bool CanSeek => false;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        _received == HeadLength || buffer.IsEmpty ? connection.ReadAsync(buffer, cancellationToken) : ReadHeadAsync(buffer, cancellationToken);

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) => connection.WriteAsync(buffer, cancellationToken);

    public override Task FlushAsync(CancellationToken cancellationToken) => connection.FlushAsync(cancellationToken);

    public override int Read(byte[] buffer, int offset, int count) => connection.Read(buffer, offset, count);

    public override void Write(byte[] buffer, int offset, int count) => connection.Write(buffer, offset, count);

    public override void Flush() => connection.Flush();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing) connection.Dispose();
        base.Dispose(disposing);
    }

    private async ValueTask<int> ReadHeadAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        var read = await connection.ReadAsync(buffer, cancellationToken).ConfigureAwait(false);
        var taken = Math.Min(read, HeadLength - _received);
        buffer.Span[..taken].CopyTo(_head.AsSpan(_received));
        _received += taken;
        return read;
    }
}
