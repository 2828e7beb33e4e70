using System.Buffers.Binary;
using System.Security.Cryptography;
using Google.Protobuf;

namespace AspNetSpiffe;

/// <summary>Reads messages, each behind five bytes: a flag for compression, and the length.</summary>
internal sealed class GrpcMessageReader(Stream body, WorkloadApiAddress address, int maxLength)
{
    public const int PrefixLength = 5;

    private const int FirstBuffer = 16 * 1024;

    private readonly byte[] _prefix = new byte[PrefixLength];

    /// <summary>Reads the next message.</summary>
    /// <returns><see langword="null"/> at the end of the stream; the status is then in the trailers.</returns>
    /// <exception cref="WorkloadApiException">What arrived is no message, or is too long.</exception>
    public async Task<T?> ReadAsync<T>(MessageParser<T> parser, CancellationToken cancellationToken) where T : class, IMessage<T>
    {
        // A watch waits for hours: a read of nothing waits without holding a buffer.
        await body.ReadAsync(Memory<byte>.Empty, cancellationToken).ConfigureAwait(false);
        var read = await body.ReadAtLeastAsync(_prefix, PrefixLength, throwOnEndOfStream: false, cancellationToken).ConfigureAwait(false);
        if (read == 0) return null;
        if (read < PrefixLength) throw Malformed("The stream ended within a message.");
        if (_prefix[0] != 0) throw Malformed("A message is compressed, although we offered no compression.");

        var length = BinaryPrimitives.ReadUInt32BigEndian(_prefix.AsSpan(1));
        if (length > maxLength) throw Malformed($"A message of {length} bytes was announced; the limit ({nameof(SpiffeLimits.MaxMessageBytes)}) is {maxLength}.");
        return await ReadBodyAsync(parser, (int)length, cancellationToken).ConfigureAwait(false);
    }

    private async Task<T> ReadBodyAsync<T>(MessageParser<T> parser, int length, CancellationToken cancellationToken) where T : class, IMessage<T>
    {
        // What was announced is not there yet: memory is taken as the bytes come.
        var buffer = new byte[Math.Min(length, FirstBuffer)];
        try
        {
            for (var filled = 0; filled < length;)
            {
                if (filled == buffer.Length) buffer = Grow(buffer, Math.Min(length, buffer.Length * 2));
                await body.ReadExactlyAsync(buffer.AsMemory(filled), cancellationToken).ConfigureAwait(false);
                filled = buffer.Length;
            }

            return parser.ParseFrom(buffer);
        }
        catch (EndOfStreamException)
        {
            throw Malformed("The stream ended within a message.");
        }
        catch (InvalidProtocolBufferException)
        {
            // Without the inner exception: nothing of the message may end in a log.
            throw Malformed($"A message of {length} bytes is no '{typeof(T).Name}'.");
        }
        finally
        {
            // It may hold private keys.
            CryptographicOperations.ZeroMemory(buffer);
        }
    }

    private static byte[] Grow(byte[] buffer, int length)
    {
        var larger = new byte[length];
        buffer.CopyTo(larger, 0);
        CryptographicOperations.ZeroMemory(buffer);
        return larger;
    }

    private WorkloadApiException Malformed(string what) =>
        new(address, WorkloadApiFailure.MalformedResponse, $"{what} What answers at this address may be no SPIFFE Workload API: check the address.");
}
