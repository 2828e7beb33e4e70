using System.Buffers.Binary;
using ARSoft.Tools.Net;
using ARSoft.Tools.Net.Dns;

namespace Mesh.Names.Dns;

/// <summary>A reply that can be written. The library writes messages for its own server only; its sections are open to those who derive.</summary>
internal sealed class Reply : DnsMessage
{
    // RFC 6891 §6.2.5 has 4096; what is larger than this is fragmented on the way (DNS Flag Day 2020).
    private const ushort LargestOverUdp = 1232;
    private const ushort SmallestOverUdp = 512;

    private readonly int _limit;

    public Reply(DnsMessage query, bool overUdp)
    {
        TransactionID = query.TransactionID;
        IsQuery = false;
        IsRecursionDesired = query.IsRecursionDesired;
        Questions = query.Questions;
        _limit = !overUdp ? ushort.MaxValue : query.EDnsOptions is { } theirs ? Math.Clamp(theirs.UdpPayloadSize, SmallestOverUdp, LargestOverUdp) : SmallestOverUdp;
        if (query.EDnsOptions is { } options) EDnsOptions = new OptRecord(LargestOverUdp) { IsDnsSecOk = options.IsDnsSecOk };
    }

    /// <summary>Writes the reply as large as the client can take it.</summary>
    /// <param name="question">The question as it came: upper and lower case, and bytes that are no text, go back as they were.</param>
    public byte[] Write(ReadOnlySpan<byte> question)
    {
        var written = WriteAll(question);
        if (written.Length <= _limit) return written;

        // What nobody asked for can go without notice (RFC 2181 §9).
        AdditionalRecords.RemoveAll(static record => record is not OptRecord);
        written = WriteAll(question);
        if (written.Length <= _limit) return written;

        IsTruncated = true;
        AnswerRecords.Clear();
        AuthorityRecords.Clear();
        return WriteAll(question);
    }

    private byte[] WriteAll(ReadOnlySpan<byte> question)
    {
        var message = new byte[GetSectionsMaxLength()];
        BinaryPrimitives.WriteUInt16BigEndian(message, TransactionID);
        BinaryPrimitives.WriteUInt16BigEndian(message.AsSpan(2), Flags);
        var length = 4;
        EncodeSections(message, ref length, new Dictionary<DomainName, ushort>());
        question.CopyTo(message.AsSpan(QueryHeader.Length));
        return message[..length];
    }
}
