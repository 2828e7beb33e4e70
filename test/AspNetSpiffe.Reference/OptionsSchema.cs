using System.Globalization;
using System.Reflection;
using System.Text.Json.Nodes;

namespace AspNetSpiffe.Reference;

/// <summary>Says in JSON Schema what the properties of options may be in a settings file, by their types, defaults and documentation.</summary>
internal sealed class OptionsSchema(Assembly assembly)
{
    // As TimeSpan reads the format "c" with hours, minutes and seconds.
    private const string Time = @"^-?([0-9]+\.)?[0-2]?[0-9]:[0-5]?[0-9]:[0-5]?[0-9](\.[0-9]{1,7})?$";

    private readonly XmlDocs _docs = new(assembly);

    /// <summary>Gives the section that a class of options is.</summary>
    public JsonObject Of(Type options)
    {
        var defaults = Activator.CreateInstance(options);
        return Section(options.GetProperties()
            .Where(property => !property.PropertyType.IsSubclassOf(typeof(Delegate)))
            .Select(property => (property.Name, Describe(ValueOf(property.PropertyType), property, property.GetValue(defaults)))));
    }

    /// <summary>Gives a section with these keys and no others.</summary>
    public static JsonObject Section(params IEnumerable<(string Key, JsonObject Value)> keys) => new()
    {
        ["type"] = "object",
        ["properties"] = new JsonObject(keys.OrderBy(key => key.Key, StringComparer.Ordinal).Select(key => KeyValuePair.Create(key.Key, (JsonNode?)key.Value))),
        ["additionalProperties"] = false,
    };

    /// <summary>Gives a section whose keys are names that users choose.</summary>
    public static JsonObject Names(JsonObject value) => new() { ["type"] = "object", ["additionalProperties"] = value };

    /// <summary>Gives the choice of one name of an enum.</summary>
    public JsonObject Choice(Type choices, object? otherwise = null)
    {
        var names = choices == typeof(BundleEndpointProfile) ? ["https_web", "https_spiffe"] : Enum.GetNames(choices);
        var values = names.Zip(choices.GetFields(BindingFlags.Static | BindingFlags.Public), (name, field) => $"{name}: {_docs.TextOf(field, "summary")}");
        var schema = Value("string", null);
        schema["enum"] = new JsonArray([.. names.Select(name => (JsonNode)name), null]);
        schema["description"] = $"{_docs.TextOf(choices, "summary")} {string.Join(' ', values)}";
        if (otherwise is not null) schema["default"] = $"{otherwise}";
        return schema;
    }

    /// <summary>Gives one text.</summary>
    public static JsonObject Text() => Value("string", null);

    private JsonObject ValueOf(Type type)
    {
        if (type == typeof(string)) return Text();
        if (type == typeof(bool)) return Value("boolean", null);
        if (type == typeof(int)) return Value("integer", null);
        if (type == typeof(double)) return Value("number", null);
        if (type == typeof(TimeSpan)) return Value("string", Time);
        if (type == typeof(IReadOnlyList<string>)) return new() { ["type"] = new JsonArray("array", "string"), ["items"] = new JsonObject { ["type"] = "string" } };
        if ((Nullable.GetUnderlyingType(type) ?? type) is { IsEnum: true } choices) return Choice(choices);
        if (type.IsGenericType && type.GetGenericTypeDefinition() == typeof(IDictionary<,>)) return Names(ValueOf(type.GenericTypeArguments[1]));
        return type.Assembly == assembly ? Of(type) : throw new FormatException($"No schema is known for {type}.");
    }

    // A null takes back what an earlier file says.
    private static JsonObject Value(string type, string? pattern)
    {
        var schema = new JsonObject { ["type"] = new JsonArray(type, "null") };
        if (pattern is not null) schema["pattern"] = pattern;
        return schema;
    }

    private JsonObject Describe(JsonObject schema, PropertyInfo property, object? value)
    {
        var text = _docs.TextOf(property, "summary");
        if (text.Length == 0) throw new FormatException($"{property.DeclaringType}.{property.Name} needs a <summary>.");
        schema["description"] = string.Join(' ', ((string[])[text, _docs.TextOf(property, "value"), $"{schema["description"]}"]).Where(part => part.Length > 0));
        if (DefaultOf(value) is { } otherwise) schema["default"] = otherwise;
        return schema;
    }

    private static JsonValue? DefaultOf(object? value) => value switch
    {
        bool flag => JsonValue.Create(flag),
        int number => JsonValue.Create(number),
        double fraction => JsonValue.Create(fraction),
        TimeSpan time => JsonValue.Create(time.ToString("c", CultureInfo.InvariantCulture)),
        Enum choice => JsonValue.Create($"{choice}"),
        _ => null,
    };
}
