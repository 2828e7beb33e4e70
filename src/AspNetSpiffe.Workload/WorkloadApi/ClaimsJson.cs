using System.Buffers;
using System.Text.Json;
using Google.Protobuf.WellKnownTypes;

namespace AspNetSpiffe;

/// <summary>Converts the claims of a validated token from protobuf to JSON, so that protobuf is not in the public API.</summary>
internal static class ClaimsJson
{
    public static JsonElement Read(Struct claims)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer)) Write(json, claims);

        using var document = JsonDocument.Parse(buffer.WrittenMemory);
        return document.RootElement.Clone();
    }

    private static void Write(Utf8JsonWriter json, Struct claims)
    {
        json.WriteStartObject();
        foreach (var (name, value) in claims.Fields)
        {
            json.WritePropertyName(name);
            Write(json, value);
        }

        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, Value value)
    {
        switch (value.KindCase)
        {
            case Value.KindOneofCase.StringValue: json.WriteStringValue(value.StringValue); break;
            case Value.KindOneofCase.NumberValue when double.IsFinite(value.NumberValue): json.WriteNumberValue(value.NumberValue); break;
            case Value.KindOneofCase.BoolValue: json.WriteBooleanValue(value.BoolValue); break;
            case Value.KindOneofCase.StructValue: Write(json, value.StructValue); break;
            case Value.KindOneofCase.ListValue:
                json.WriteStartArray();
                foreach (var item in value.ListValue.Values) Write(json, item);
                json.WriteEndArray();
                break;

            // JSON has neither NaN nor infinity.
            default: json.WriteNullValue(); break;
        }
    }
}
