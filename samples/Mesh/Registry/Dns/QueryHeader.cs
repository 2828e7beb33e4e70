using System.Buffers.Binary;
using ARSoft.Tools.Net.Dns;

namespace Mesh.Names.Dns;

/// <summary>The header of a DNS message, and the replies that need only the header (RFC 1035 §4.1.1).</summary>
internal readonly record struct QueryHeader(ushort Id, ushort Flags, ushort Questions, ushort Answers, ushort Authorities, ushort Additionals)
{
    public const int Length = 12;

    private const ushort ResponseBit = 0x8000, OperationBits = 0x7800, RecursionDesiredBit = 0x0100;

    public bool IsResponse => (Flags & ResponseBit) != 0;

    public bool IsStandardQuery => (Flags & OperationBits) == 0;

    public static bool TryRead(ReadOnlySpan<byte> message, out QueryHeader header)
    {
        header = message.Length < Length ? default : new(At(message, 0), At(message, 1), At(message, 2), At(message, 3), At(message, 4), At(message, 5));
        return message.Length >= Length;
    }

    /// <summary>Creates a reply with a header only.</summary>
    public byte[] Reply(ReturnCode code)
    {
        var reply = new byte[Length];
        BinaryPrimitives.WriteUInt16BigEndian(reply, Id);
        BinaryPrimitives.WriteUInt16BigEndian(reply.AsSpan(2), (ushort)(ResponseBit | (Flags & (OperationBits | RecursionDesiredBit)) | (ushort)code));
        return reply;
    }

    private static ushort At(ReadOnlySpan<byte> message, int index) => BinaryPrimitives.ReadUInt16BigEndian(message[(2 * index)..]);
}
