using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using AspNetSpiffe.TestKit;
using AspNetSpiffe.Wire;
using Google.Protobuf;

namespace AspNetSpiffe.InteropTests;

/// <summary>A harness whose agent has given it keys of tokens: our own of each kind, some that are not for tokens, and a federated one.</summary>
public sealed class ValidatingHarness : IAsyncLifetime
{
    public const string Audience = "conformance";

    // An Ed25519 key, and one for certificates: in the bundle, and of no use there.
    private const string EdwardsKey = """{"kty":"OKP","crv":"Ed25519","use":"jwt-svid","kid":"ed","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}""";

    private static readonly TestPki Pki = new("example.org");

    public static IReadOnlyDictionary<string, TestKey> Keys { get; } = new Dictionary<string, TestKey>
    {
        ["k1"] = TestKey.Create(KeyKind.P256),
        ["k2"] = TestKey.Create(KeyKind.P384),
        ["k3"] = TestKey.Create(KeyKind.P521),
        ["k4"] = TestKey.Create(KeyKind.Rsa2048),
        ["ca"] = TestKey.Create(KeyKind.P256),
        ["fed"] = TestKey.Create(KeyKind.P256),
        ["stranger"] = TestKey.Create(KeyKind.P256),
    };

    private FakeAgent Agent { get; set; } = null!;

    private Harness Harness { get; set; } = null!;

    private static CancellationToken Patience => new CancellationTokenSource(HangLimit.OfATest).Token;

    public async ValueTask InitializeAsync()
    {
        Agent = await FakeAgent.StartAsync();
        Agent.Greetings["FetchX509SVID"] = Pki.Response(Pki.Leaf("/harness"));
        Agent.Greetings["FetchJWTBundles"] = new JWTBundlesResponse { Bundles = { { "spiffe://example.org", OwnKeys() }, { "spiffe://fed.example.org", KeysOf("fed.example.org", "fed") } } };
        Harness = await Harness.StartAsync(Agent.Address, Patience);
        await Harness.WaitUntilReadyAsync(Patience);
    }

    /// <summary>Has the harness validate a token.</summary>
    /// <returns>The owner, or why it was refused.</returns>
    public async Task<(HttpStatusCode Status, string? Answer)> ValidateAsync(string token)
    {
        var (status, answer) = await Harness.PostAsync("jwt/validate", new JsonObject { ["token"] = token, ["audience"] = Audience }, Patience);
        return (status, (string?)answer![status == HttpStatusCode.OK ? "spiffe_id" : "message"]);
    }

    public async ValueTask DisposeAsync()
    {
        await Harness.DisposeAsync();
        await Agent.DisposeAsync();
    }

    private static ByteString OwnKeys()
    {
        var document = JsonNode.Parse(KeysOf("example.org", "k1", "k2", "k3", "k4", "ca").ToByteArray())!;
        var keys = document["keys"]!.AsArray();
        keys.Single(key => (string?)key!["kid"] == "ca")!["use"] = "x509-svid";
        keys.Insert(0, JsonNode.Parse(EdwardsKey));
        return ByteString.CopyFrom(document.ToJsonString(), Encoding.UTF8);
    }

    private static ByteString KeysOf(string trustDomain, params string[] kids)
    {
        var td = TrustDomain.Parse(trustDomain);
        return ByteString.CopyFrom(new SpiffeBundle(new(td, []), new(td, kids.Select(kid => new JwtAuthority(kid, Keys[kid].PublicKey)))).ToUtf8Json());
    }
}
