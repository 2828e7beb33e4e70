using System.Buffers.Binary;
using ARSoft.Tools.Net;
using ARSoft.Tools.Net.Dns;

namespace Mesh.Names.Dns;

/// <summary>A reply that can be serialized. The DNS library serializes messages for its own server only, but derived classes can access the sections.</summary>
internal sealed class Reply : DnsMessage
{
    // RFC 6891 §6.2.5 allows 4096, but packets larger than this are fragmented (DNS Flag Day 2020).
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

    /// <summary>Serializes the reply up to the size that the client accepts.</summary>
    /// <param name="question">The question as received: case and non-text bytes are returned unchanged.</param>
    public byte[] Write(ReadOnlySpan<byte> question)
    {
        var written = WriteAll(question);
        if (written.Length <= _limit) return written;

        // Additional records may be omitted without truncation (RFC 2181 §9).
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
