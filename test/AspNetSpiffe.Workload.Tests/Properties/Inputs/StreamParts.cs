using System.Collections.Immutable;
using AspNetSpiffe.TestKit;
using AspNetSpiffe.Wire;
using Google.Protobuf;

namespace AspNetSpiffe.Workload.Tests.Properties;

/// <summary>Frames one after the other, how many bytes each read gives, and a place among the bytes.</summary>
internal sealed record StreamParts(ImmutableArray<int> Lengths, ImmutableArray<int> Cuts, int Anywhere)
{
    public X509SVID[] Messages => [.. Lengths.Select((length, i) => new X509SVID { SpiffeId = $"spiffe://td/{i}", Bundle = ByteString.CopyFrom(new byte[length]) })];

    public byte[] Bytes => Messages.Aggregate(Array.Empty<byte>(), (bytes, message) => [.. bytes, .. GrpcFrame.Of(message.ToByteArray())]);

    /// <summary>Gets the place: the number of bytes before it, from none to all.</summary>
    public int At => Anywhere % (Bytes.Length + 1);

    public Stream InPieces(byte[] bytes) => new PiecewiseStream(bytes, Cuts);

    /// <summary>Gives how many frames end at the place or before it, and whether one is cut by it.</summary>
    public (int Whole, bool Cut) FramesBefore()
    {
        var (at, whole, end) = (At, 0, 0);
        foreach (var message in Messages)
        {
            var next = end + GrpcMessageReader.PrefixLength + message.CalculateSize();
            if (next > at) break;
            (end, whole) = (next, whole + 1);
        }

        return (whole, end != at);
    }

    public override string ToString() => $"messages of [{string.Join(", ", Lengths)}] bytes in reads of [{string.Join(", ", Cuts)}], at byte {At}";

    /// <summary>Gives as many bytes as it was told to at each read, in turns, whatever is asked for.</summary>
    private sealed class PiecewiseStream(byte[] bytes, ImmutableArray<int> cuts) : MemoryStream(bytes)
    {
        private int _reads;

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            new(buffer.IsEmpty ? 0 : Read(buffer.Span[..Math.Min(cuts[_reads++ % cuts.Length], buffer.Length)]));
    }
}
