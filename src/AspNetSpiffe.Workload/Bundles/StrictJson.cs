using System.Text.Json;

namespace AspNetSpiffe;

/// <summary>Reads JSON that a security decision rests on: no member twice, no comments, no text that is not Unicode.</summary>
internal static class StrictJson
{
    private static readonly JsonDocumentOptions Options = new() { AllowDuplicateProperties = false };

    /// <summary>Reads a document that is an object.</summary>
    /// <param name="utf8">The document.</param>
    /// <param name="what">What it is, for the message.</param>
    /// <param name="read">Reads the object; what it returns must not keep the element.</param>
    /// <exception cref="FormatException">The document is not valid, or is not an object. The message holds nothing of it.</exception>
    public static T ReadObject<T>(ReadOnlyMemory<byte> utf8, string what, Func<JsonElement, T> read)
    {
        try
        {
            using var document = JsonDocument.Parse(utf8, Options);
            if (document.RootElement.ValueKind != JsonValueKind.Object) throw new FormatException($"{what} is not a JSON object.");
            return read(document.RootElement);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // JsonElement says InvalidOperation of a text with half a surrogate pair.
            throw new FormatException($"{what} is not valid JSON, or has a member twice.");
        }
    }

    /// <summary>Reads an entry that may fail without the document: what is wrong with it becomes a remark.</summary>
    /// <param name="what">What it is, for the remark.</param>
    /// <param name="remarks">Takes the remark.</param>
    /// <param name="read">Reads the entry, or gives <see langword="null"/> for one that is not meant for us.</param>
    public static T? ReadEntry<T>(string what, ICollection<string> remarks, Func<T?> read)
        where T : class
    {
        try
        {
            return read();
        }
        catch (FormatException e)
        {
            remarks.Add($"{what} is ignored: {e.Message}");
        }
        catch (InvalidOperationException)
        {
            remarks.Add($"{what} is ignored: it has a string that is not valid Unicode.");
        }

        return null;
    }

    /// <summary>Returns a member that is a text; <see langword="null"/> when it is absent or something else.</summary>
    public static string? FindText(JsonElement element, string name) =>
        element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}
