using System.Buffers;

namespace AspNetSpiffe;

/// <summary>A repeated field of a message, and its limit.</summary>
/// <param name="Number">The field number.</param>
/// <param name="What">What it contains, for the operator.</param>
/// <param name="Limit">The maximum number of occurrences.</param>
/// <param name="LimitName">The name of the option with the limit.</param>
internal sealed record WireField(int Number, string What, int Limit, string LimitName)
{
    /// <summary>Counts the fields of a message without deserializing them (Protocol Buffers, "Encoding").</summary>
    /// <returns>Whether the bytes are a valid sequence of fields.</returns>
    /// <exception cref="FormatException">A limit is exceeded; the message names it.</exception>
    public static bool Check(ReadOnlySequence<byte> message, params ReadOnlySpan<WireField> fields)
    {
        Span<int> counts = stackalloc int[fields.Length];
        counts.Clear();
        var reader = new SequenceReader<byte>(message);
        while (!reader.End)
        {
            if (!TryReadVarint(ref reader, out var tag) || !TrySkip(ref reader, (int)(tag & 7))) return false;
            for (var i = 0; i < fields.Length; i++)
                if ((ulong)fields[i].Number == tag >> 3)
                    counts[i]++;
        }

        for (var i = 0; i < fields.Length; i++)
            if (counts[i] > fields[i].Limit)
                throw new FormatException($"The message has {counts[i]} {fields[i].What}; the limit ({fields[i].LimitName}) is {fields[i].Limit}.");

        return true;
    }

    // Groups (3 and 4) are deprecated, and no message of the Workload API has one.
    private static bool TrySkip(ref SequenceReader<byte> reader, int wireType)
    {
        var length = wireType switch { 1 => 8UL, 5 => 4UL, _ => 0UL };
        if (wireType is 3 or 4 or > 5) return false;
        if (wireType is 0 or 2)
        {
            if (!TryReadVarint(ref reader, out var value)) return false;
            if (wireType == 2) length = value;
        }

        if (length > (ulong)reader.Remaining) return false;
        reader.Advance((long)length);
        return true;
    }

    private static bool TryReadVarint(ref SequenceReader<byte> reader, out ulong value)
    {
        value = 0;
        for (var shift = 0; shift < 64; shift += 7)
        {
            if (!reader.TryRead(out var part)) return false;
            value |= (part & 0x7FUL) << shift;
            if (part < 0x80) return true;
        }

        return false;
    }
}
