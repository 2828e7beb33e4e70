using System.Buffers;
using System.Buffers.Binary;
using System.Security.Cryptography;

namespace AspNetSpiffe;

/// <summary>Reads messages, each behind five bytes: a flag for compression, and the length.</summary>
internal sealed class GrpcMessageReader(Stream body, WorkloadApiAddress address, int maxLength)
{
    public const int PrefixLength = 5;

    private const int PieceLength = 16 * 1024;

    private readonly byte[] _prefix = new byte[PrefixLength];

    /// <summary>Reads the next message.</summary>
    /// <param name="read">Makes a message of bytes that are gone afterwards, or nothing when they are none.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <returns><see langword="null"/> at the end of the stream; the status is then in the trailers.</returns>
    /// <exception cref="WorkloadApiException">What arrived is no message, or is too long.</exception>
    public async Task<T?> ReadAsync<T>(Func<ReadOnlySequence<byte>, T?> read, CancellationToken cancellationToken) where T : class
    {
        // A watch waits for hours: a read of nothing waits without holding a buffer.
        await body.ReadAsync(Memory<byte>.Empty, cancellationToken).ConfigureAwait(false);
        var received = await body.ReadAtLeastAsync(_prefix, PrefixLength, throwOnEndOfStream: false, cancellationToken).ConfigureAwait(false);
        if (received == 0) return null;
        if (received < PrefixLength) throw Malformed("The stream ended within a message.");
        if (_prefix[0] != 0) throw Malformed("A message is compressed, although we offered no compression.");

        var length = BinaryPrimitives.ReadUInt32BigEndian(_prefix.AsSpan(1));
        if (length > maxLength) throw Malformed($"A message of {length} bytes was announced; the limit ({nameof(SpiffeLimits.MaxMessageBytes)}) is {maxLength}.");
        return await ReadBodyAsync(read, (int)length, cancellationToken).ConfigureAwait(false);
    }

    private async Task<T> ReadBodyAsync<T>(Func<ReadOnlySequence<byte>, T?> read, int length, CancellationToken cancellationToken) where T : class
    {
        // What was announced is not there yet: memory is taken as the bytes come. In pieces, for large arrays stay in memory long after their use.
        var pieces = new List<byte[]>();
        try
        {
            for (var left = length; left > 0; left -= pieces[^1].Length)
            {
                pieces.Add(new byte[Math.Min(left, PieceLength)]);
                await body.ReadExactlyAsync(pieces[^1], cancellationToken).ConfigureAwait(false);
            }

            return read(Piece.Join(pieces)) ?? throw Malformed($"A message of {length} bytes is none of the Workload API.");
        }
        catch (EndOfStreamException)
        {
            throw Malformed("The stream ended within a message.");
        }
        finally
        {
            // It may hold private keys.
            foreach (var piece in pieces) CryptographicOperations.ZeroMemory(piece);
        }
    }

    private WorkloadApiException Malformed(string what) =>
        new(address, WorkloadApiFailure.MalformedResponse, $"{what} What answers at this address may be no SPIFFE Workload API: check the address.");

    private sealed class Piece : ReadOnlySequenceSegment<byte>
    {
        public static ReadOnlySequence<byte> Join(IEnumerable<byte[]> pieces)
        {
            var first = new Piece();
            var last = first;
            foreach (var piece in pieces)
            {
                var next = new Piece { Memory = piece, RunningIndex = last.RunningIndex + last.Memory.Length };
                last.Next = next;
                last = next;
            }

            return new(first, 0, last, last.Memory.Length);
        }
    }
}
