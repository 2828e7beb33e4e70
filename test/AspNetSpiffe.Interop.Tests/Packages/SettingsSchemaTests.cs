using System.Text.Json;
using System.Text.Json.Nodes;
using AspNetSpiffe.TestKit;

namespace AspNetSpiffe.InteropTests;

/// <summary>The schemas of the settings in a validator (ajv): each key is known, and what nobody reads is marked.</summary>
public sealed class SettingsSchemaTests(ITestOutputHelper output) : InteropTest(output)
{
    private static readonly string[] Both = [SchemaFiles.Workload, SchemaFiles.Server];

    private const string Everything = """
        {
          "Spiffe": {
            "EndpointSocket": "unix:///run/spire/agent.sock", "Hint": null, "Identity": "spiffe://example.org/orders",
            "StartupTimeout": "00:00:30", "IdentityRevocation": "KeepUntilExpiry", "WithdrawalDelay": "0:0:3",
            "Files": { "Layout": "PodCertificate", "Directory": "/run/pki", "Certificate": "a", "Key": "b", "Bundle": "c", "BundleMap": "d", "FederatedBundles": { "partner.test": "e" } },
            "Retry": { "InitialDelay": "00:00:00.5", "MaxDelay": "1.00:00:00", "Jitter": 0.2 },
            "Revocation": { "OnUnknown": "Accept", "RefreshInterval": "00:10:00", "Lists": { "example.org": ["/run/crl.pem"], "partner.test": "https://partner.test/crl" } },
            "Limits": { "MaxChainLength": 16, "MaxLeafBytes": 65536, "MaxNames": 256, "MaxMessageBytes": 1, "MaxSvids": 2, "MaxBundles": 3 },
            "Federation": { "partner.test": { "Url": "https://partner.test/bundle.json", "Profile": "https_spiffe", "EndpointId": "spiffe://partner.test/x", "BundleFile": "f", "RootsFile": "g", "FollowRedirects": false } },
            "Clients": { "orders": { "Mode": "NoClientCertificate", "Server": "spiffe://example.org/orders" } },
            "AllowedPeers": ["spiffe://example.org/**"], "AllowTlsResume": false, "RequireHttpsEndpoint": false, "CloseWhenExpired": true, "CloseBeforeExpiry": "00:00:30",
            "CloseWhenUntrusted": true, "CloseWhenDisallowed": true, "DrainTimeout": "-00:00:00.001",
            "Endpoints": { "Tokens": { "Mode": "OptionalClientCertificate" } }
          },
          "Kestrel": { "anything": 1 }
        }
        """;

    [Fact]
    public async Task Every_key_is_known_and_taken() => Assert.Empty(Assert.Single(await ValidateAsync(Both, Everything)));

    [Fact]
    public void The_settings_of_these_tests_have_every_key_of_the_schema()
    {
        var settings = JsonNode.Parse(Everything)!;
        var schemas = Both.Select(file => JsonNode.Parse(File.ReadAllText(file))!).ToArray();
        Assert.Equal(schemas.SelectMany(schema => KeysOf(schema, "")).Order(StringComparer.Ordinal), PathsOf(settings["Spiffe"]!, "Spiffe").Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_key_that_nobody_reads_is_marked_at_every_place()
    {
        var places = SectionsOf(JsonNode.Parse(Everything)!["Spiffe"]!, "").ToArray();
        Assert.Contains("/Federation/partner.test", places);
        var wrong = places.Select(place =>
        {
            var settings = JsonNode.Parse(Everything)!;
            var section = place.Split('/', StringSplitOptions.RemoveEmptyEntries).Aggregate(settings["Spiffe"]!, (node, key) => node[key]!);
            section["Nobody"] = 1;
            return settings.ToJsonString();
        }).ToArray();
        var marked = await ValidateAsync(Both, wrong);
        Assert.All(places.Zip(marked), entry => Assert.StartsWith($"/Spiffe{entry.First}", Assert.Single(entry.Second), StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("""{"AllowedPeer":[]}""", "/Spiffe: AllowedPeer")]
    [InlineData("""{"DrainTimeout":30}""", "/Spiffe/DrainTimeout: must be string,null")]
    [InlineData("""{"DrainTimeout":"30"}""", "/Spiffe/DrainTimeout: must match pattern")]
    [InlineData("""{"AllowedPeers":null}""", "/Spiffe/AllowedPeers: must be array,string")]
    [InlineData("""{"Files":{"Layout":"CertManger"}}""", "/Spiffe/Files/Layout: must be equal to one of the allowed values")]
    [InlineData("""{"Limits":{"MaxSvids":"many"}}""", "/Spiffe/Limits/MaxSvids: must be integer,null")]
    [InlineData("""{"Endpoints":{"Tokens":{"Mode":"Mutal"}}}""", "/Spiffe/Endpoints/Tokens/Mode: must be equal to one of the allowed values")]
    public async Task What_the_start_would_refuse_is_marked(string section, string mistake) =>
        Assert.StartsWith(mistake, Assert.Single(Assert.Single(await ValidateAsync(Both, $$"""{"Spiffe":{{section}}}"""))), StringComparison.Ordinal);

    [Fact]
    public async Task In_a_worker_the_keys_of_a_server_are_marked() =>
        Assert.Equal(["/Spiffe: AllowedPeers"], Assert.Single(await ValidateAsync([SchemaFiles.Workload], """{"Spiffe":{"AllowedPeers":[]}}""")));

    [Fact]
    public async Task The_settings_of_our_templates_and_samples_are_right()
    {
        var files = ((string[])["src", "samples"]).SelectMany(folder => Directory.EnumerateFiles(Repository.PathOf(folder), "appsettings*.json", SearchOption.AllDirectories)).ToArray();
        Assert.True(files.Length >= 4);
        Assert.All(await ValidateAsync(Both, [.. files.Select(File.ReadAllText)]), Assert.Empty);
    }

    // Names that users choose stand for themselves.
    private static IEnumerable<string> KeysOf(JsonNode schema, string path) => (schema["properties"], schema["additionalProperties"]) switch
    {
        (JsonObject keys, _) => keys.SelectMany(key => KeysOf(key.Value!, path.Length == 0 ? key.Key : $"{path}:{key.Key}")),
        (null, JsonObject named) => KeysOf(named, $"{path}:*"),
        _ => [path],
    };

    private static IEnumerable<string> PathsOf(JsonNode? node, string path) => node is not JsonObject section
        ? [path]
        : section.SelectMany(key => PathsOf(key.Value, $"{path}:{(IsNamed(path) ? "*" : key.Key)}")).Distinct();

    private static bool IsNamed(string path) => path is "Spiffe:Federation" or "Spiffe:Clients" or "Spiffe:Endpoints" or "Spiffe:Files:FederatedBundles" or "Spiffe:Revocation:Lists";

    // Where names are the user's, any is right.
    private static IEnumerable<string> SectionsOf(JsonNode node, string path) => node is not JsonObject section ? [] :
        [.. IsNamed($"Spiffe{path.Replace('/', ':')}") ? [] : (string[])[path], .. section.Where(key => key.Value is not null).SelectMany(key => SectionsOf(key.Value!, $"{path}/{key.Key}"))];

    private async Task<IReadOnlyList<string[]>> ValidateAsync(string[] schemas, params string[] documents)
    {
        var lines = documents.Select(document => JsonNode.Parse(document, documentOptions: new() { CommentHandling = JsonCommentHandling.Skip })!.ToJsonString());
        var result = await OutsideProgram.RunAsync(Tools.Node, [Repository.PathOf("test", "AspNetSpiffe.Interop.Tests", "Deploy", "node", "settings.mjs"), .. schemas], string.Join('\n', lines) + "\n", Patience);
        Assert.True(result.ExitCode == 0, result.All);
        return [.. result.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonSerializer.Deserialize<string[]>(line)!)];
    }
}
