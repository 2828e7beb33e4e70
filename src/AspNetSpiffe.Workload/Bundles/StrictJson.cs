using System.Text.Json;

namespace AspNetSpiffe;

/// <summary>Parses JSON for security decisions: no duplicate members, no comments, no invalid Unicode.</summary>
internal static class StrictJson
{
    private static readonly JsonDocumentOptions Options = new() { AllowDuplicateProperties = false };

    /// <summary>Parses a document that is an object.</summary>
    /// <param name="utf8">The document.</param>
    /// <param name="what">The name of the document, for the message.</param>
    /// <param name="read">Reads the object; what it returns must not keep the element.</param>
    /// <exception cref="FormatException">The document is not valid, or is not an object. The message contains no part of it.</exception>
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
            // JsonElement throws InvalidOperationException for a string with a lone surrogate.
            throw new FormatException($"{what} is not valid JSON, or has a member twice.");
        }
    }

    /// <summary>Reads an entry of a document. An error rejects the entry, not the document, and becomes a remark.</summary>
    /// <param name="what">The name of the entry, for the remark.</param>
    /// <param name="remarks">Receives the remark.</param>
    /// <param name="read">Reads the entry; returns <see langword="null"/> for one that is to be ignored without a remark.</param>
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

    /// <summary>Returns a member that is a string; <see langword="null"/> when it is absent or of another type.</summary>
    public static string? FindText(JsonElement element, string name) =>
        element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}
