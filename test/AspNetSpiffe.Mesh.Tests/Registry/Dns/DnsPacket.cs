using System.Buffers.Binary;
using System.Text;

namespace AspNetSpiffe.MeshTests;

/// <summary>DNS messages made by hand, well-formed or not.</summary>
internal static class DnsPacket
{
    public const int HeaderLength = 12;
    public const ushort A = 1, Srv = 33, Aaaa = 28, Any = 255;

    /// <summary>An OPT record of 1232 bytes, without options.</summary>
    public static byte[] Opt => OptWith();

    /// <summary>Makes a message.</summary>
    /// <param name="parts">What follows the header.</param>
    /// <param name="id">Its number.</param>
    /// <param name="flags">All flags; by default a query that desires recursion.</param>
    /// <param name="counts">How many questions, answers, authorities and additional records the header claims.</param>
    public static byte[] Of(byte[][] parts, ushort id = 4711, ushort flags = 0x0100, params ushort[] counts)
    {
        var header = new byte[HeaderLength];
        foreach (var (index, value) in new[] { id, flags }.Concat(counts.Length > 0 ? counts : [1, 0, 0, 0]).Index()) BinaryPrimitives.WriteUInt16BigEndian(header.AsSpan(2 * index), value);
        return [.. header, .. parts.SelectMany(static part => part)];
    }

    public static byte[] Query(string name, ushort type = A, ushort id = 4711) => Of([Question(name, type)], id);

    public static byte[] Question(string name, ushort type = A, ushort @class = 1) => Question(Name(name), type, @class);

    public static byte[] Question(byte[] name, ushort type = A, ushort @class = 1) => [.. name, .. Number(type), .. Number(@class)];

    public static byte[] Name(string name) => [.. name.Split('.').SelectMany(static label => Label(Encoding.Latin1.GetBytes(label))), 0];

    public static byte[] Label(byte[] label) => [(byte)label.Length, .. label];

    public static byte[] OptWith(params byte[] options) => [0, .. Number(41), .. Number(1232), 0, 0, 0, 0, .. Number((ushort)options.Length), .. options];

    public static byte[] Number(ushort value) => [(byte)(value >> 8), (byte)value];

    /// <summary>Puts the length before a message, as TCP has it.</summary>
    public static byte[] Framed(byte[] message) => [.. Number((ushort)message.Length), .. message];

    public static ushort IdOf(ReadOnlySpan<byte> message) => BinaryPrimitives.ReadUInt16BigEndian(message);

    public static int CodeOf(byte[] message) => message[3] & 0x0f;
}
