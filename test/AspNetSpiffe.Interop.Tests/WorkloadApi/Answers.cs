using System.Text.Json.Nodes;
using AspNetSpiffe.TestKit;

namespace AspNetSpiffe.InteropTests;

/// <summary>Messages of the Workload API as JSON, in the field names of the standard and with bytes as base64.</summary>
internal static class Answers
{
    public static JsonObject X509Svids(TestPki pki, TestPki[] federated, params (TestSvid Svid, string Hint)[] svids) => new()
    {
        ["svids"] = new JsonArray([.. svids.Select(s => X509Svid(pki, s.Svid, s.Hint))]),
        ["federated_bundles"] = Bundles(federated),
    };

    public static JsonObject X509Svids(TestPki pki, TestSvid svid) => X509Svids(pki, [], (svid, ""));

    public static JsonObject X509Bundles(params TestPki[] pkis) => new() { ["bundles"] = Bundles(pkis) };

    private static JsonObject X509Svid(TestPki pki, TestSvid svid, string hint) => new()
    {
        ["spiffe_id"] = svid.Id,
        ["x509_svid"] = Convert.ToBase64String(svid.ChainDer),
        ["x509_svid_key"] = Convert.ToBase64String(svid.Pkcs8),
        ["bundle"] = Convert.ToBase64String(pki.BundleDer),
        ["hint"] = hint,
    };

    private static JsonObject Bundles(TestPki[] pkis) =>
        new(pkis.Select(pki => KeyValuePair.Create<string, JsonNode?>(pki.TrustDomain.Id.ToString(), Convert.ToBase64String(pki.BundleDer))));
}
