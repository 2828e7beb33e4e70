using System.Buffers.Binary;

namespace AspNetSpiffe.Tests;

/// <summary>The wire below an SslStream; keeps what was heard since we spoke last.</summary>
/// <remarks>A reset is an end like any other: which of the two arrives depends on who was faster.</remarks>
internal sealed class HeardStream(Stream wire) : Stream
{
    private readonly List<byte> _heard = [];

    /// <summary>Gets the TLS records that came after our last word, each by its kind and length: 21 is an alert, 23 is encrypted.</summary>
    public string Records
    {
        get
        {
            var records = new List<string>();
            var heard = _heard.ToArray();
            for (var i = 0; i < heard.Length; i += 5 + BinaryPrimitives.ReadUInt16BigEndian(heard.AsSpan(i + 3)))
                records.Add($"{heard[i]}:{BinaryPrimitives.ReadUInt16BigEndian(heard.AsSpan(i + 3))}");
            return string.Join(' ', records);
        }
    }

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        try
        {
            var length = await wire.ReadAsync(buffer, cancellationToken);
            _heard.AddRange(buffer.Span[..length]);
            return length;
        }
        catch (IOException)
        {
            return 0;
        }
    }

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        _heard.Clear();
        try
        {
            await wire.WriteAsync(buffer, cancellationToken);
        }
        catch (IOException)
        {
            // The next read says that it is the end.
        }
    }

    public override void Flush() => wire.Flush();

    public override Task FlushAsync(CancellationToken cancellationToken) => wire.FlushAsync(cancellationToken);

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing) wire.Dispose();
        base.Dispose(disposing);
    }
}
