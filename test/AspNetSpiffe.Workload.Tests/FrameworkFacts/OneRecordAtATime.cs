using System.Buffers.Binary;

namespace AspNetSpiffe.Tests.FrameworkFacts;

/// <summary>A wire on which each read gives at most one TLS record, however fast the other side writes.</summary>
internal sealed class OneRecordAtATime(Stream wire) : Stream
{
    private const int HeaderLength = 5;

    private ReadOnlyMemory<byte> _record;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (_record.IsEmpty) _record = await ReadRecordAsync(cancellationToken);
        var length = Math.Min(buffer.Length, _record.Length);
        _record[..length].CopyTo(buffer);
        _record = _record[length..];
        return length;
    }

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) => wire.WriteAsync(buffer, cancellationToken);

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Flush() => wire.Flush();

    public override Task FlushAsync(CancellationToken cancellationToken) => wire.FlushAsync(cancellationToken);

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing) wire.Dispose();
        base.Dispose(disposing);
    }

    private async Task<byte[]> ReadRecordAsync(CancellationToken cancellationToken)
    {
        var header = new byte[HeaderLength];
        if (await wire.ReadAtLeastAsync(header, HeaderLength, throwOnEndOfStream: false, cancellationToken) < HeaderLength) return [];

        var body = new byte[BinaryPrimitives.ReadUInt16BigEndian(header.AsSpan(3))];
        await wire.ReadExactlyAsync(body, cancellationToken);
        return [.. header, .. body];
    }
}
