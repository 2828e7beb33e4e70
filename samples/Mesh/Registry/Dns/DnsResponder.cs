using ARSoft.Tools.Net.Dns;

namespace Mesh.Names.Dns;

/// <summary>Responds to one message, valid or not.</summary>
internal sealed class DnsResponder(Zone zone, ILogger<DnsResponder> logger)
{
    // RFC 6895 §3.1: the meta types up to ANY, such as zone transfers, are types of queries, not of records.
    private const ushort FirstMetaType = 128, LastMetaType = 254;

    /// <summary>Returns the response; null if there must be none.</summary>
    public byte[]? Answer(byte[] message, bool overUdp)
    {
        // No response to a response, to prevent endless loops between servers.
        if (!QueryHeader.TryRead(message, out var header) || header.IsResponse) return null;
        try
        {
            if (!header.IsStandardQuery) return header.Reply(ReturnCode.NotImplemented);
            return QueryReader.TryRead(message, header, out var query, out var question) ? Answer(query, overUdp).Write(question) : header.Reply(ReturnCode.FormatError);
        }
        catch (Exception fault)
        {
            logger.LogError(fault, "A DNS query of {Length} bytes could not be answered", message.Length);
            return header.Reply(ReturnCode.ServerFailure);
        }
    }

    private Reply Answer(DnsMessage query, bool overUdp)
    {
        var reply = new Reply(query, overUdp);
        var question = query.Questions[0];
        if (query.EDnsOptions is { Version: > 0 }) reply.ReturnCode = ReturnCode.BadVersion;
        else if (question.RecordClass != RecordClass.INet || !zone.Contains(question.Name) || IsMeta(question.RecordType)) reply.ReturnCode = ReturnCode.Refused;
        else AnswerFromZone(question, reply);
        logger.LogDebug("DNS {Name} {Type}: {Code}, {Count} records", question.Name, question.RecordType, reply.ReturnCode, reply.AnswerRecords.Count);
        return reply;
    }

    private void AnswerFromZone(DnsQuestion question, Reply reply)
    {
        reply.IsAuthoritiveAnswer = true;
        var records = zone.Find(question.Name);
        if (records is null) reply.ReturnCode = ReturnCode.NxDomain;

        // RFC 8482 §4.1: a query for ANY gets one of the record types.
        var type = question.RecordType == RecordType.Any && records is [var first, ..] ? first.RecordType : question.RecordType;
        reply.AnswerRecords.AddRange(records?.Where(record => record.RecordType == type) ?? []);
        if (reply.AnswerRecords.Count == 0) reply.AuthorityRecords.Add(zone.Soa);
        reply.AdditionalRecords.AddRange(reply.AnswerRecords.SelectMany(zone.FindTarget));
    }

    private static bool IsMeta(RecordType type) => type == RecordType.Opt || (ushort)type is >= FirstMetaType and <= LastMetaType;
}
