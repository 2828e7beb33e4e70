using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace AspNetSpiffe.Cli.Output;

/// <summary>The output as JSON: names in camelCase, times in UTC. Never a private key.</summary>
internal static class Json
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
    private static readonly JsonSerializerOptions OneLine = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static void Write(JsonObject json) => Console.Out.WriteLine(json.ToJsonString(Indented));

    public static void WriteLine(JsonObject json) => Console.Out.WriteLine(json.ToJsonString(OneLine));

    /// <summary>Returns the error of a failed command, for the standard error.</summary>
    public static string OfError(string message, int exitCode) => new JsonObject { ["error"] = message, ["exitCode"] = exitCode }.ToJsonString(OneLine);

    public static JsonObject Of(X509Context context) => new()
    {
        ["svids"] = new JsonArray([.. context.Svids.Select(Of)]),
        ["bundles"] = Of(context.Bundles),
        ["remarks"] = Of(context.Remarks),
    };

    /// <summary>Returns the output of a watch while there is no identity.</summary>
    public static JsonObject OfNone() => new() { ["svids"] = new JsonArray(), ["bundles"] = new JsonObject(), ["remarks"] = new JsonArray() };

    public static JsonObject Of(X509BundleSet x509, JwtBundleSet jwt) => new()
    {
        ["x509"] = Of(x509),
        ["jwt"] = new JsonObject(jwt.Select(static b => KeyValuePair.Create(b.TrustDomain.Name, ToKeySet(b)))),
        ["remarks"] = Of(x509.Remarks.Concat(jwt.Remarks)),
    };

    public static JsonObject Of(IEnumerable<JwtSvid> svids) => new()
    {
        ["svids"] = new JsonArray([.. svids.Select(static s => new JsonObject
        {
            ["spiffeId"] = s.Id.ToString(),
            ["hint"] = s.Hint,
            ["audience"] = new JsonArray([.. s.Audiences.Select(static a => JsonValue.Create(a))]),
            ["expiresAt"] = s.ExpiresAt,
            ["svid"] = s.Token,
        })]),
    };

    // A standard bundle document with the JWT keys only.
    private static JsonNode? ToKeySet(JwtBundle bundle) => JsonNode.Parse(new SpiffeBundle(new(bundle.TrustDomain, []), bundle).ToUtf8Json());

    private static JsonArray Of(IEnumerable<string> remarks) => new([.. remarks.Select(static r => JsonValue.Create(r))]);

    private static JsonObject Of(X509Svid svid) => new()
    {
        ["spiffeId"] = svid.Id.ToString(),
        ["hint"] = svid.Hint,
        ["serialNumber"] = svid.Leaf.SerialNumber,
        ["notBefore"] = svid.NotBefore.ToUniversalTime(),
        ["notAfter"] = svid.NotAfter.ToUniversalTime(),
        ["certificates"] = new JsonArray([.. svid.Intermediates.Insert(0, svid.Leaf).Select(static c => JsonValue.Create(c.ExportCertificatePem()))]),
    };

    public static JsonObject Of(X509BundleSet bundles) => new(bundles.Select(static b =>
        KeyValuePair.Create(b.TrustDomain.Name, (JsonNode?)new JsonArray([.. b.Authorities.Select(static a => JsonValue.Create(a.ExportCertificatePem()))]))));
}
