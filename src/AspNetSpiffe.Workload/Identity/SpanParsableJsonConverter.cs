using System.ComponentModel;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace AspNetSpiffe;

/// <summary>Converts a type with a text form, such as <see cref="SpiffeId"/>, to and from a JSON string or the key of a dictionary.</summary>
/// <remarks>Stateless and thread-safe. The types name it in an attribute. It is public because the JSON source generator creates it from within your assembly.</remarks>
/// <typeparam name="T">The type with a text form.</typeparam>
[EditorBrowsable(EditorBrowsableState.Never)]
public sealed class SpanParsableJsonConverter<T> : JsonConverter<T> where T : class, ISpanParsable<T>
{
    /// <inheritdoc/>
    public override T Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TokenType == JsonTokenType.String
            ? Parse(reader.GetString()!)
            : throw new JsonException($"A {typeof(T).Name} is a JSON string, not {reader.TokenType}.");

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, T value, JsonSerializerOptions options) => writer.WriteStringValue(value.ToString());

    /// <inheritdoc/>
    public override T ReadAsPropertyName(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => Parse(reader.GetString()!);

    /// <inheritdoc/>
    public override void WriteAsPropertyName(Utf8JsonWriter writer, T value, JsonSerializerOptions options) => writer.WritePropertyName(value.ToString()!);

    private static T Parse(string text)
    {
        try
        {
            return T.Parse(text, null);
        }
        catch (FormatException e)
        {
            throw new JsonException(e.Message, e);
        }
    }
}
