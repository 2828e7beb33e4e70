using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using ARSoft.Tools.Net.Dns;

namespace Mesh.Names.Dns;

/// <summary>Parses a query: one question, optionally an OPT record, and nothing else.</summary>
/// <remarks>
/// The DNS library parses well-formed queries only: for others it would allocate as many records as a header claims, and accept obsolete labels.
/// </remarks>
internal static class QueryReader
{
    private const int MaxNameLength = 255, MaxLabelLength = 63;
    private const int TypeAndClassLength = 4;
    private const int OptHeaderLength = 11, OptDataLengthAt = 9;

    /// <summary>Reads a query.</summary>
    /// <param name="message">The whole message.</param>
    /// <param name="header">Its header.</param>
    /// <param name="query">The query.</param>
    /// <param name="question">The question as received, byte for byte.</param>
    public static bool TryRead(byte[] message, QueryHeader header, [NotNullWhen(true)] out DnsMessage? query, out ReadOnlySpan<byte> question)
    {
        query = null;
        question = default;
        if (header is not { Questions: 1, Answers: 0, Authorities: 0, Additionals: 0 or 1 }) return false;
        if (!TryMeasureQuestion(message.AsSpan(QueryHeader.Length), out var length)) return false;

        var end = QueryHeader.Length + length;
        if (header.Additionals == 0 ? message.Length != end : !IsOpt(message.AsSpan(end))) return false;
        question = message.AsSpan(QueryHeader.Length, length);
        try
        {
            query = DnsMessage.Parse(message);
            return true;
        }
        catch (Exception mistake) when (mistake is ArgumentException or FormatException or IndexOutOfRangeException or NotSupportedException or OverflowException)
        {
            // A malformed EDNS option.
            return false;
        }
    }

    // A question has no earlier name to which a compression pointer could refer.
    private static bool TryMeasureQuestion(ReadOnlySpan<byte> rest, out int length)
    {
        length = 0;
        while (length < rest.Length && rest[length] is > 0 and <= MaxLabelLength and var label) length += 1 + label;
        var named = length < MaxNameLength && length < rest.Length && rest[length] == 0;
        length += 1 + TypeAndClassLength;
        return named && length <= rest.Length;
    }

    // RFC 6891 §6.1.2: the root name, the type, and a length up to the end of the message.
    private static bool IsOpt(ReadOnlySpan<byte> record) =>
        record.Length >= OptHeaderLength && record[0] == 0 && BinaryPrimitives.ReadUInt16BigEndian(record[1..]) == (ushort)RecordType.Opt
        && record.Length == OptHeaderLength + BinaryPrimitives.ReadUInt16BigEndian(record[OptDataLengthAt..]);
}
