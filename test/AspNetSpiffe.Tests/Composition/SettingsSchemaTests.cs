using System.Text.Json.Nodes;
using AspNetSpiffe.TestKit;
using Microsoft.Extensions.Configuration;

namespace AspNetSpiffe.Tests.Composition;

/// <summary>ConfigurationSchema.json of both packages, with which editors complete settings: it has the keys that are read, and offers nothing that would be refused.</summary>
public sealed class SettingsSchemaTests
{
    // What SectionReader writes for a name that users choose; both packages have that class.
    private const string AnyName = "*";

    [Fact]
    public void The_schema_of_a_worker_has_the_keys_that_are_read() =>
        Assert.Equal(SpiffeOptionsSetup.Keys.Concat(ClientSection.KeysOf(AnyName)).Order(StringComparer.Ordinal), ReadSchema("AspNetSpiffe.Workload").Keys.Order(StringComparer.Ordinal));

    [Fact]
    public void The_schema_of_a_server_has_the_keys_that_are_read() =>
        Assert.Equal(SpiffeServerOptionsSetup.Keys.Append(EndpointModes.KeyOf(AnyName)).Order(StringComparer.Ordinal), ReadSchema("AspNetSpiffe").Keys.Order(StringComparer.Ordinal));

    [Fact]
    public void Every_key_is_described() => Assert.All(ReadSchema("AspNetSpiffe.Workload").Concat(ReadSchema("AspNetSpiffe")), key =>
        Assert.True($"{key.Value["description"]}".Length > 10 || key.Key.EndsWith(":*", StringComparison.Ordinal), key.Key));

    [Fact]
    public void What_the_schema_offers_is_taken()
    {
        var offers = ReadSchema("AspNetSpiffe.Workload").Concat(ReadSchema("AspNetSpiffe"))
            .SelectMany(key => OffersOf(key.Value).Select(value => KeyValuePair.Create($"Spiffe:{key.Key.Replace("*", "example.org", StringComparison.Ordinal)}", (string?)value))).ToArray();
        Assert.Contains(offers, offer => offer is { Key: "Spiffe:Federation:example.org:Profile", Value: "https_spiffe" });
        Assert.Contains(offers, offer => offer is { Key: "Spiffe:Endpoints:example.org:Mode", Value: "WebCertificate" });
        Assert.All(offers, offer =>
        {
            var settings = new ConfigurationBuilder().AddInMemoryCollection([offer]).Build();
            Assert.Empty(SpiffeOptionsSetup.Read(new(), settings).Mistakes);
            Assert.Empty(SpiffeServerOptionsSetup.Read(new(), settings).Mistakes);
            Assert.True(new EndpointModes(settings).Validate(null, new()).Succeeded);
            Assert.DoesNotContain(new ClientSection("example.org", settings).Validate(null, new()).Failures ?? [], failure => failure.Contains(":Mode", StringComparison.Ordinal));
        });
    }

    private static IEnumerable<string> OffersOf(JsonNode schema) =>
        (schema["enum"] as JsonArray ?? []).Append(schema["default"]).OfType<JsonNode>().Select(value => value.ToString());

    private static Dictionary<string, JsonNode> ReadSchema(string package) =>
        KeysOf(JsonNode.Parse(File.ReadAllText(Repository.PathOf("src", package, "ConfigurationSchema.json")))!["properties"]!["Spiffe"]!, "").ToDictionary(key => key.Key, key => key.Schema, StringComparer.Ordinal);

    private static IEnumerable<(string Key, JsonNode Schema)> KeysOf(JsonNode schema, string path) => (schema["properties"], schema["additionalProperties"]) switch
    {
        (JsonObject keys, _) => keys.SelectMany(key => KeysOf(key.Value!, path.Length == 0 ? key.Key : $"{path}:{key.Key}")),
        (null, JsonObject named) => KeysOf(named, $"{path}:{AnyName}"),
        _ => [(path, schema)],
    };
}
