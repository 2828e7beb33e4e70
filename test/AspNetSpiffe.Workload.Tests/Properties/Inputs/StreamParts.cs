using System.Collections.Immutable;
using AspNetSpiffe.TestKit;
using AspNetSpiffe.Wire;
using Google.Protobuf;

namespace AspNetSpiffe.Workload.Tests.Properties;

/// <summary>Frames one after the other, how many bytes each write has, and a place among the bytes.</summary>
internal sealed record StreamParts(ImmutableArray<int> Lengths, ImmutableArray<int> Cuts, int Anywhere)
{
    private const int MostWrites = 200;

    public X509SVIDResponse[] Messages =>
        [.. Lengths.Select((length, i) => new X509SVIDResponse { Svids = { new X509SVID { SpiffeId = $"spiffe://td/{i}", Bundle = ByteString.CopyFrom(new byte[length]) } } })];

    public byte[] Bytes => Messages.Aggregate(Array.Empty<byte>(), (bytes, message) => [.. bytes, .. GrpcFrame.Of(message.ToByteArray())]);

    /// <summary>Gets the place: the number of bytes before it, from none to all.</summary>
    public int At => Anywhere % (Bytes.Length + 1);

    /// <summary>Cuts bytes into as many as each write is to have, in turns; after two hundred, the rest is one.</summary>
    public IEnumerable<byte[]> InPieces(byte[] bytes)
    {
        for (var writes = 0; bytes.Length > 0; writes++)
        {
            var length = writes < MostWrites ? Math.Min(Cuts[writes % Cuts.Length], bytes.Length) : bytes.Length;
            yield return bytes[..length];
            bytes = bytes[length..];
        }
    }

    /// <summary>Gives how many frames end at the place or before it, and whether one is cut by it.</summary>
    public (int Whole, bool Cut) FramesBefore()
    {
        var (at, whole, end) = (At, 0, 0);
        foreach (var message in Messages)
        {
            var next = end + GrpcFrame.PrefixLength + message.CalculateSize();
            if (next > at) break;
            (end, whole) = (next, whole + 1);
        }

        return (whole, end != at);
    }

    public override string ToString() => $"messages of [{string.Join(", ", Lengths)}] bytes in writes of [{string.Join(", ", Cuts)}], at byte {At}";
}
