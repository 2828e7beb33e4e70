using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using AspNetSpiffe.TestKit;
using Grpc.Core;

namespace AspNetSpiffe.InteropTests;

/// <summary>The JWT profile of our client, with a Workload API that @grpc/grpc-js serves.</summary>
public sealed class NodeServerJwtTests(ITestOutputHelper output) : NodeServerTest(output)
{
    private const string Web = "spiffe://example.org/web";

    private static readonly string Token = TestToken.For(Web, "orders", "payments").ToString();

    [Fact, Trait("Spec", "WA-18")]
    public async Task The_client_fetches_tokens_for_audiences_and_an_identity()
    {
        await Api.SayAsync("FetchJWTSVID", Parse($$"""{"svids":[{"spiffe_id":"{{Web}}","svid":"{{Token}}","hint":"internal"}]}"""), Patience);
        using var client = NewClient();
        var svid = Assert.Single(await client.FetchJwtSvidsAsync(["orders", "payments"], SpiffeId.Parse(Web), Patience));

        Assert.Equal((Web, Token, "internal"), (svid.Id.ToString(), svid.Token, svid.Hint));
        var request = (await Api.NextCallAsync(Patience))["request"]!;
        Assert.Equal(["orders", "payments"], request["audience"]!.AsArray().Select(a => (string)a!));
        Assert.Equal(Web, (string)request["spiffe_id"]!);
    }

    [Fact]
    public async Task The_client_watches_bundles()
    {
        await Api.SayAsync("FetchJWTBundles", Bundles("example.org", "k1"), Patience);
        using var client = NewClient();
        await using var watch = client.WatchJwtBundlesAsync(Patience).GetAsyncEnumerator(Patience);
        Assert.True(await watch.MoveNextAsync());
        Assert.Equal(["k1"], KeyIdsOf(watch.Current));

        await Api.SayAsync("FetchJWTBundles", Bundles("example.org", "k1", "k2"), Patience);
        Assert.True(await watch.MoveNextAsync());
        Assert.Equal(["k1", "k2"], KeyIdsOf(watch.Current));

        await Api.EndAsync("FetchJWTBundles", StatusCode.Unavailable, "restarting", Patience);
        var ended = await Assert.ThrowsAsync<WorkloadApiException>(async () => await watch.MoveNextAsync());
        Assert.Equal(StatusCode.Unavailable, ended.StatusCode);
    }

    [Fact]
    public async Task The_client_lets_a_token_be_validated_and_reads_its_claims()
    {
        await Api.SayAsync("ValidateJWTSVID", Parse($$$"""
            {"spiffe_id":"{{{Web}}}","claims":{"fields":{
              "sub":{"stringValue":"{{{Web}}}"},
              "aud":{"listValue":{"values":[{"stringValue":"orders"},{"stringValue":"payments"}]}},
              "exp":{"numberValue":4102444800}
            } } }
            """), Patience);
        using var client = NewClient();
        var valid = await client.ValidateJwtSvidAsync("orders", Token, Patience);

        Assert.Equal(Web, valid.Id.ToString());
        Assert.Equal(Web, valid.Claims.GetProperty("sub").GetString());
        Assert.Equal(["orders", "payments"], valid.Claims.GetProperty("aud").EnumerateArray().Select(a => a.GetString()));
        Assert.Equal(4102444800, valid.Claims.GetProperty("exp").GetDouble());
        var request = (await Api.NextCallAsync(Patience))["request"]!;
        Assert.Equal(("orders", Token), ((string)request["audience"]!, (string)request["svid"]!));
    }

    [Fact]
    public async Task The_client_tells_that_a_token_was_refused()
    {
        await Api.RefuseAsync("ValidateJWTSVID", StatusCode.InvalidArgument, "the token has expired", Patience);
        using var client = NewClient();

        var refused = await Assert.ThrowsAsync<WorkloadApiException>(() => client.ValidateJwtSvidAsync("orders", Token, Patience));
        Assert.Equal(StatusCode.InvalidArgument, refused.StatusCode);
        Assert.Contains("the token has expired", refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(Token, refused.ToString(), StringComparison.Ordinal);
    }

    private static IEnumerable<string> KeyIdsOf(JwtBundleSet bundles) => bundles.Find(TrustDomain.Parse("example.org"))!.Authorities.Select(a => a.KeyId);

    private static JsonObject Bundles(string trustDomain, params string[] keyIds)
    {
        var set = new JsonObject { ["keys"] = new JsonArray([.. keyIds.Select(Jwk)]) };
        var bytes = System.Text.Encoding.UTF8.GetBytes(set.ToJsonString());
        return new() { ["bundles"] = new JsonObject { [$"spiffe://{trustDomain}"] = Convert.ToBase64String(bytes) } };
    }

    private static JsonObject Jwk(string keyId)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var point = key.ExportParameters(includePrivateParameters: false).Q;
        return new()
        {
            ["kty"] = "EC",
            ["use"] = "jwt-svid",
            ["kid"] = keyId,
            ["crv"] = "P-256",
            ["x"] = Base64Url.EncodeToString(point.X),
            ["y"] = Base64Url.EncodeToString(point.Y),
        };
    }

    private static JsonObject Parse(string json) => JsonNode.Parse(json)!.AsObject();
}
