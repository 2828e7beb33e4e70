using System.Buffers;
using System.Buffers.Binary;
using System.IO.Pipelines;

namespace AspNetSpiffe;

/// <summary>Wraps the transport of a connection for Kestrel, and ends it when the client has violated the ping policy. The bytes are not copied.</summary>
/// <remarks>
/// Kestrel still acknowledges the last ping. After that acknowledgement, GOAWAY can be inserted without splitting another frame;
/// later output of Kestrel is discarded.
/// </remarks>
internal sealed class PingPolicyTransport(IDuplexPipe transport, PingPolicy policy) : IDuplexPipe
{
    public PipeReader Input { get; } = new Reader(transport.Input, policy);

    public PipeWriter Output { get; } = new Writer(transport.Output, policy);

    private sealed class Reader(PipeReader inner, PingPolicy policy) : PipeReader
    {
        private const int PrefaceLength = 24;

        private readonly Http2FrameScanner _scanner = new(PrefaceLength, policy.ClientSent);
        private ReadOnlySequence<byte> _buffer;
        private long _scanned;
        private bool _ended;

        public override async ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default) =>
            policy.IsBroken ? End() : Scan(await inner.ReadAsync(cancellationToken).ConfigureAwait(false));

        public override bool TryRead(out ReadResult result)
        {
            if (policy.IsBroken)
            {
                result = End();
                return true;
            }

            if (!inner.TryRead(out result)) return false;
            Scan(result);
            return true;
        }

        public override void AdvanceTo(SequencePosition consumed) => AdvanceTo(consumed, consumed);

        public override void AdvanceTo(SequencePosition consumed, SequencePosition examined)
        {
            if (_ended) return;
            _scanned -= _buffer.Slice(0, consumed).Length;
            inner.AdvanceTo(consumed, examined);
        }

        public override void CancelPendingRead() => inner.CancelPendingRead();

        public override void Complete(Exception? exception = null) => inner.Complete(exception);

        // A read may return earlier bytes again, followed by new ones.
        private ReadResult Scan(ReadResult read)
        {
            _buffer = read.Buffer;
            foreach (var segment in _buffer.Slice(_scanned)) _scanner.Scan(segment.Span);
            _scanned = _buffer.Length;
            return read;
        }

        private ReadResult End()
        {
            _ended = true;
            return new(ReadOnlySequence<byte>.Empty, isCanceled: false, isCompleted: true);
        }
    }

    private sealed class Writer : PipeWriter
    {
        // RFC 9113 §7: ENHANCE_YOUR_CALM.
        private const int EnhanceYourCalm = 0xb;

        private readonly PipeWriter _inner;
        private readonly PingPolicy _policy;
        private readonly Http2FrameScanner _scanner;
        private Memory<byte> _memory;
        private bool _ended;

        public Writer(PipeWriter inner, PingPolicy policy)
        {
            (_inner, _policy) = (inner, policy);
            _scanner = new(0, policy.ServerSent);
        }

        public override bool CanGetUnflushedBytes => _inner.CanGetUnflushedBytes;

        public override long UnflushedBytes => _ended ? 0 : _inner.UnflushedBytes;

        public override Memory<byte> GetMemory(int sizeHint = 0) => _memory = _ended ? new byte[Math.Max(sizeHint, 4096)] : _inner.GetMemory(sizeHint);

        public override Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;

        public override void Advance(int bytes)
        {
            if (_ended) return;
            _scanner.Scan(_memory.Span[..bytes]);
            _inner.Advance(bytes);
        }

        public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default)
        {
            if (_ended) return new(new FlushResult(isCanceled: false, isCompleted: true));
            if (_policy.IsBroken && _scanner.IsBetweenFrames) WriteGoAway();
            return _inner.FlushAsync(cancellationToken);
        }

        public override void CancelPendingFlush() => _inner.CancelPendingFlush();

        public override void Complete(Exception? exception = null) => _inner.Complete(exception);

        private void WriteGoAway()
        {
            _ended = true;
            var reason = "too_many_pings"u8;
            var length = 8 + reason.Length;
            var frame = _inner.GetSpan(Http2FrameScanner.HeaderLength + length)[..(Http2FrameScanner.HeaderLength + length)];
            frame.Clear();
            frame[2] = (byte)length;
            frame[3] = (byte)Http2FrameType.GoAway;
            BinaryPrimitives.WriteInt32BigEndian(frame[9..], _policy.LastStreamId);
            BinaryPrimitives.WriteInt32BigEndian(frame[13..], EnhanceYourCalm);
            reason.CopyTo(frame[17..]);
            _inner.Advance(frame.Length);
        }
    }
}
