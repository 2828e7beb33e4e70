using System.Buffers.Binary;
using System.Net;
using System.Net.Http.Headers;
using Google.Protobuf;

namespace AspNetSpiffe;

/// <summary>The body of a call: one message behind its five bytes.</summary>
internal sealed class GrpcMessageContent : HttpContent
{
    private readonly byte[] _frame;

    public GrpcMessageContent(IMessage message)
    {
        var body = message.ToByteArray();
        _frame = new byte[GrpcMessageReader.PrefixLength + body.Length];
        BinaryPrimitives.WriteInt32BigEndian(_frame.AsSpan(1), body.Length);
        body.CopyTo(_frame, GrpcMessageReader.PrefixLength);
        Headers.ContentType = new MediaTypeHeaderValue("application/grpc");
    }

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken) =>
        await stream.WriteAsync(_frame, cancellationToken).ConfigureAwait(false);

    // gRPC bodies are streams: no content-length.
    protected override bool TryComputeLength(out long length)
    {
        length = 0;
        return false;
    }
}
