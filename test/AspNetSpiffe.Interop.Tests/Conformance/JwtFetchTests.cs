using System.Net;
using System.Text.Json.Nodes;

namespace AspNetSpiffe.InteropTests;

/// <summary>JF-1 to JF-4 of the suite's catalogue, over the development agent, which issues real tokens.</summary>
public sealed class JwtFetchTests(ITestOutputHelper output) : ConformanceTest(output)
{
    private const string Default = "spiffe://example.org/harness";
    private const string Second = "spiffe://example.org/harness/admin";

    [Fact, Trait("Spec", "WA-18"), Trait("Spec", "WA-19")]
    public async Task JF1_JF2_JF3_The_tokens_are_of_whom_and_for_whom_they_were_asked()
    {
        var (_, harness) = await StartAsync();
        Assert.Equal([Default, Second], (await FetchAsync(harness, "", "orders")).Select(svid => svid.Id.ToString()));

        var svid = Assert.Single(await FetchAsync(harness, Second, "orders", "payments"));
        Assert.Equal(Second, svid.Id.ToString());
        Assert.Equal<string>(["orders", "payments"], svid.Audiences);
    }

    [Fact, Trait("Spec", "WA-20")]
    public async Task JF4_A_refusal_of_the_agent_is_a_refusal_and_no_older_token()
    {
        var (agent, harness) = await StartAsync();
        Assert.NotEmpty(await FetchAsync(harness, "", "orders"));

        agent.Unregister("harness");
        var (status, answer) = await harness.PostAsync("jwt/fetch", new JsonObject { ["audience"] = new JsonArray("orders") }, Patience);
        Assert.Equal(HttpStatusCode.UnprocessableEntity, status);
        Assert.Equal("rejected", (string?)answer!["status"]);
        Assert.Null(answer["svids"]);
    }

    private async Task<(DevAgent Agent, Harness Harness)> StartAsync()
    {
        var agent = await StartAgentAsync(new DevAgentOptions { LoggerFactory = Loggers }.AddWorkload("harness", new DevIdentity("/harness"), new DevIdentity("/harness/admin")));
        return (agent, await StartHarnessAsync(agent.AddressOf("harness")));
    }

    private async Task<IEnumerable<JwtSvid>> FetchAsync(Harness harness, string id, params string[] audiences)
    {
        var request = new JsonObject { ["audience"] = new JsonArray([.. audiences.Select(audience => (JsonNode)audience)]), ["spiffe_id"] = id };
        var (status, answer) = await harness.PostAsync("jwt/fetch", request, Patience);
        Assert.Equal(HttpStatusCode.OK, status);
        return answer!["svids"]!.AsArray().Select(svid => JwtSvidReader.Read((string)svid!["token"]!));
    }
}
