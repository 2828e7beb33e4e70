using System.Buffers.Binary;

namespace AspNetSpiffe.TestKit;

/// <summary>A message on the wire, right or wrong: flag, length, bytes.</summary>
public static class GrpcFrame
{
    /// <summary>How many bytes stand before a message.</summary>
    public const int PrefixLength = 5;

    /// <summary>Puts the five bytes before a message.</summary>
    /// <param name="message">The message.</param>
    /// <param name="flag">1 says that it is compressed.</param>
    /// <param name="announced">The length to announce; by default the true one.</param>
    public static byte[] Of(ReadOnlySpan<byte> message, byte flag = 0, uint? announced = null)
    {
        var frame = new byte[PrefixLength + message.Length];
        frame[0] = flag;
        BinaryPrimitives.WriteUInt32BigEndian(frame.AsSpan(1), announced ?? (uint)message.Length);
        message.CopyTo(frame.AsSpan(PrefixLength));
        return frame;
    }
}
