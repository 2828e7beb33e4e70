using System.Text.Json;
using System.Text.Json.Serialization;

namespace AspNetSpiffe;

/// <summary>A parsed text is a JSON string; also as the key of a dictionary.</summary>
internal sealed class SpanParsableJsonConverter<T> : JsonConverter<T> where T : class, ISpanParsable<T>
{
    public override T Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TokenType == JsonTokenType.String
            ? Parse(reader.GetString()!)
            : throw new JsonException($"A {typeof(T).Name} is a JSON string, not {reader.TokenType}.");

    public override void Write(Utf8JsonWriter writer, T value, JsonSerializerOptions options) => writer.WriteStringValue(value.ToString());

    public override T ReadAsPropertyName(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => Parse(reader.GetString()!);

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
