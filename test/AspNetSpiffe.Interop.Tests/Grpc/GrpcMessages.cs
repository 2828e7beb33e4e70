using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using AspNetSpiffe.TestKit;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;

namespace AspNetSpiffe.InteropTests;

/// <summary>The greeter's messages on a stream. Each is one string in field 1, so a StringValue reads and writes them all.</summary>
internal static class GrpcMessages
{
    public static async Task WriteAsync(Stream stream, string text, CancellationToken cancellationToken)
    {
        await stream.WriteAsync(GrpcFrame.Of(new StringValue { Value = text }.ToByteArray()), cancellationToken);
        await stream.FlushAsync(cancellationToken);
    }

    public static async IAsyncEnumerable<string> ReadAsync(Stream stream, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var head = new byte[5];
        while (await stream.ReadAtLeastAsync(head, head.Length, throwOnEndOfStream: false, cancellationToken) is > 0 and var read)
        {
            Assert.Equal(head.Length, read);
            Assert.Equal(0, head[0]);
            var message = new byte[BinaryPrimitives.ReadInt32BigEndian(head.AsSpan(1))];
            await stream.ReadExactlyAsync(message, cancellationToken);
            yield return StringValue.Parser.ParseFrom(message).Value;
        }
    }
}
