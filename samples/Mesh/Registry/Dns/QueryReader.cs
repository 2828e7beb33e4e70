using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using ARSoft.Tools.Net.Dns;

namespace Mesh.Names.Dns;

/// <summary>Reads a query: one question, perhaps an OPT record, and nothing else.</summary>
/// <remarks>
/// The library reads what is well-formed. It is not asked about more: it would make room for as many records as a header claims, and read labels that nobody uses any more.
/// </remarks>
internal static class QueryReader
{
    private const int MaxNameLength = 255, MaxLabelLength = 63;
    private const int TypeAndClassLength = 4;
    private const int OptHeaderLength = 11, OptDataLengthAt = 9;

    /// <summary>Reads a query.</summary>
    /// <param name="message">The whole message.</param>
    /// <param name="header">Its header.</param>
    /// <param name="query">What was asked.</param>
    /// <param name="question">The question as it came, byte by byte.</param>
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
            // An option of EDNS that is not as its RFC has it.
            return false;
        }
    }

    // A name in a question has nothing before it that a pointer could mean.
    private static bool TryMeasureQuestion(ReadOnlySpan<byte> rest, out int length)
    {
        length = 0;
        while (length < rest.Length && rest[length] is > 0 and <= MaxLabelLength and var label) length += 1 + label;
        var named = length < MaxNameLength && length < rest.Length && rest[length] == 0;
        length += 1 + TypeAndClassLength;
        return named && length <= rest.Length;
    }

    // RFC 6891 §6.1.2: the name of the root, the type, and a length that reaches to the end of the message.
    private static bool IsOpt(ReadOnlySpan<byte> record) =>
        record.Length >= OptHeaderLength && record[0] == 0 && BinaryPrimitives.ReadUInt16BigEndian(record[1..]) == (ushort)RecordType.Opt
        && record.Length == OptHeaderLength + BinaryPrimitives.ReadUInt16BigEndian(record[OptDataLengthAt..]);
}
