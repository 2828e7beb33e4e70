using System.Collections;
using System.Globalization;

namespace AspNetSpiffe;

/// <summary>An event whose sentence has parts that may be missing, so that no template fits; its values stand beside the sentence, as those of a template do.</summary>
/// <param name="template">What all sentences of the kind have in common: by it, logs group them.</param>
/// <param name="sentence">Composes the whole sentence, when somebody reads it: most rejections of a flood are read by nobody.</param>
/// <param name="values">The values by name.</param>
internal sealed class LogEntry(string template, Func<string> sentence, params (string Name, object? Value)[] values) : IReadOnlyList<KeyValuePair<string, object?>>
{
    public int Count => values.Length + 1;

    public KeyValuePair<string, object?> this[int index] => index < values.Length ? new(values[index].Name, values[index].Value is Func<string> later ? later() : values[index].Value) : new("{OriginalFormat}", template);

    public IEnumerator<KeyValuePair<string, object?>> GetEnumerator()
    {
        for (var i = 0; i < Count; i++) yield return this[i];
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>Joins the parts that are there.</summary>
    public static string Join(params string?[] parts) => string.Join(' ', parts.Where(part => !string.IsNullOrEmpty(part)));

    /// <summary>The part that says how many were suppressed, if any were.</summary>
    public static string? LeftOut(long suppressed) =>
        suppressed == 0 ? null : string.Create(CultureInfo.InvariantCulture, $"{suppressed} more for this reason were suppressed before this one.");

    public override string ToString() => sentence();
}
