using System.Buffers.Binary;

namespace AspNetSpiffe.Tests.Handshakes;

/// <summary>The first message of one end of a TLS connection, as far as it says something about resumption (RFC 5246 §7.4.1, RFC 8446 §4.1).</summary>
internal sealed record Hello(byte[] SessionId, IReadOnlyDictionary<int, byte[]> Extensions)
{
    private const int SessionTicket = 35;
    private const int PreSharedKey = 41;
    private const int SupportedVersions = 43;

    /// <summary>Gets whether a client offers a session: a pre-shared key or ticket, or before TLS 1.3, where it means something, a session ID.</summary>
    public bool OffersSession =>
        Extensions.ContainsKey(PreSharedKey)
        || Extensions.GetValueOrDefault(SessionTicket) is { Length: > 0 }
        || (!Extensions.ContainsKey(SupportedVersions) && SessionId.Length > 0);

    /// <summary>Says whether this answer of a server takes a session back that the client has offered.</summary>
    public bool Resumes(Hello client) =>
        Extensions.ContainsKey(SupportedVersions) ? Extensions.ContainsKey(PreSharedKey) : SessionId.Length > 0 && SessionId.AsSpan().SequenceEqual(client.SessionId);

    /// <summary>Reads the ClientHello or ServerHello that one end's bytes begin with.</summary>
    public static Hello Read(ReadOnlySpan<byte> bytes)
    {
        // Record: type, version, length. Handshake: type, length. Hello: version, random.
        var isClient = bytes[5] == 1;
        var rest = bytes[(5 + 4 + 2 + 32)..];
        var sessionId = Take(ref rest, lengthBytes: 1).ToArray();
        if (isClient)
        {
            Take(ref rest, lengthBytes: 2);
            Take(ref rest, lengthBytes: 1);
        }
        else
        {
            rest = rest[3..];
        }

        var extensions = new Dictionary<int, byte[]>();
        for (var list = Take(ref rest, lengthBytes: 2); list.Length > 0;)
        {
            var type = BinaryPrimitives.ReadUInt16BigEndian(list);
            list = list[2..];
            extensions[type] = Take(ref list, lengthBytes: 2).ToArray();
        }

        return new(sessionId, extensions);
    }

    private static ReadOnlySpan<byte> Take(ref ReadOnlySpan<byte> rest, int lengthBytes)
    {
        var length = lengthBytes == 1 ? rest[0] : BinaryPrimitives.ReadUInt16BigEndian(rest);
        var taken = rest.Slice(lengthBytes, length);
        rest = rest[(lengthBytes + length)..];
        return taken;
    }
}
