using System.Collections;
using System.Globalization;

namespace AspNetSpiffe;

/// <summary>A log event whose message has optional parts, which a message template cannot express. It has structured values as an event with a template has.</summary>
/// <param name="template">The common part of all messages of the event (<c>{OriginalFormat}</c>), by which logs group them.</param>
/// <param name="sentence">Composes the message, only when a provider formats it: most rejections of a flood are never formatted.</param>
/// <param name="values">The structured values by name.</param>
internal sealed class LogEntry(string template, Func<string> sentence, params (string Name, object? Value)[] values) : IReadOnlyList<KeyValuePair<string, object?>>
{
    public int Count => values.Length + 1;

    public KeyValuePair<string, object?> this[int index] => index < values.Length ? new(values[index].Name, values[index].Value is Func<string> later ? later() : values[index].Value) : new("{OriginalFormat}", template);

    public IEnumerator<KeyValuePair<string, object?>> GetEnumerator()
    {
        for (var i = 0; i < Count; i++) yield return this[i];
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>Joins the parts that are not empty.</summary>
    public static string Join(params string?[] parts) => string.Join(' ', parts.Where(part => !string.IsNullOrEmpty(part)));

    /// <summary>Returns the part with the number of suppressed events, if there were any.</summary>
    public static string? LeftOut(long suppressed) =>
        suppressed == 0 ? null : string.Create(CultureInfo.InvariantCulture, $"{suppressed} more for this reason were suppressed before this one.");

    public override string ToString() => sentence();
}
