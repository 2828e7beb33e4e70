using System.Buffers;
using System.Buffers.Binary;
using System.IO.Pipelines;
using Google.Protobuf;
using Grpc.Core;

namespace AspNetSpiffe;

/// <summary>Reads the one message of a call: five bytes and a message.</summary>
internal static class GrpcRequest
{
    private const int PrefixLength = 5;

    // The default of grpc-go, and its words.
    private const int MaxLength = 4 * 1024 * 1024;

    public static async Task<T> ReadAsync<T>(PipeReader body, MessageParser<T> parser, CancellationToken cancellationToken) where T : IMessage<T>
    {
        var prefix = await ReadExactlyAsync(body, PrefixLength, cancellationToken).ConfigureAwait(false);
        if (prefix[0] != 0) throw new GrpcStatusException(StatusCode.Unimplemented, "compressed messages are not supported");

        var length = BinaryPrimitives.ReadUInt32BigEndian(prefix.AsSpan(1));
        if (length > MaxLength) throw new GrpcStatusException(StatusCode.ResourceExhausted, $"grpc: received message larger than max ({length} vs. {MaxLength})");

        var message = await ReadExactlyAsync(body, (int)length, cancellationToken).ConfigureAwait(false);
        try
        {
            return parser.ParseFrom(message);
        }
        catch (InvalidProtocolBufferException)
        {
            throw new GrpcStatusException(StatusCode.Internal, "the message could not be parsed");
        }
    }

    private static async Task<byte[]> ReadExactlyAsync(PipeReader body, int length, CancellationToken cancellationToken)
    {
        if (length == 0) return [];

        var read = await body.ReadAtLeastAsync(length, cancellationToken).ConfigureAwait(false);
        if (read.Buffer.Length < length) throw new GrpcStatusException(StatusCode.Internal, "the request ended in the middle of its message");

        var bytes = read.Buffer.Slice(0, length);
        var result = bytes.ToArray();
        body.AdvanceTo(bytes.End);
        return result;
    }
}
