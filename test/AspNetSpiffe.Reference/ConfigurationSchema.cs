using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace AspNetSpiffe.Reference;

/// <summary>ConfigurationSchema.json of a package: the keys of the section <c>Spiffe</c> that it reads, with which editors complete appsettings.json and mark all others. Editors merge those of all packages.</summary>
internal static class ConfigurationSchema
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static string WriteOfWorkload()
    {
        var schema = new OptionsSchema(typeof(SpiffeOptions).Assembly);
        var section = schema.Of(typeof(SpiffeOptions));
        section["description"] = "AspNetSpiffe: the source of the identity, and the allowed peers. An unknown key fails the start.";
        section["properties"]!["Clients"] = Described(
            OptionsSchema.Names(OptionsSchema.Section(
                ("Mode", schema.Choice(TypeOf(typeof(SpiffeOptions), "SpiffeClientMode"), "Mutual")),
                ("Server", Described(OptionsSchema.Text(), "The expected server: an ID, or a pattern such as spiffe://example.org/orders. Required, except with the mode WebServer.")))),
            "The HTTP clients with AddSpiffeFromConfiguration(), by name.");
        return Write(section);
    }

    public static string WriteOfServer()
    {
        var section = new OptionsSchema(typeof(SpiffeServerOptions).Assembly).Of(typeof(SpiffeServerOptions));
        section["properties"]!["Endpoints"] = Described(
            OptionsSchema.Names(OptionsSchema.Section(("Mode", new OptionsSchema(typeof(SpiffeServerMode).Assembly).Choice(typeof(SpiffeServerMode), SpiffeServerMode.Mutual)))),
            "The endpoints of Kestrel:Endpoints with a mode other than mutual TLS, by name.");
        return Write(section);
    }

    private static Type TypeOf(Type neighbour, string name) => neighbour.Assembly.GetType($"AspNetSpiffe.{name}", throwOnError: true)!;

    private static JsonObject Described(JsonObject schema, string text)
    {
        schema["description"] = text;
        return schema;
    }

    private static string Write(JsonObject section) =>
        new JsonObject { ["type"] = "object", ["properties"] = new JsonObject { [SpiffeOptions.SectionName] = section } }.ToJsonString(Indented) + "\n";
}
