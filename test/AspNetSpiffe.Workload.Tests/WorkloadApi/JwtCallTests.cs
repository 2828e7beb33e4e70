using System.Text;
using System.Text.Json;
using AspNetSpiffe.TestKit;
using AspNetSpiffe.Wire;
using AspNetSpiffe.Workload.Tests.Bundles;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;

namespace AspNetSpiffe.Workload.Tests.WorkloadApi;

/// <summary>The three methods of the JWT profile, and answers that do not fit the question.</summary>
public sealed class JwtCallTests(ITestOutputHelper output) : ClientTest(output)
{
    private static readonly TrustDomain Td = TrustDomain.Parse("td");

    [Fact, Trait("Spec", "WA-18")]
    public async Task Tokens_are_asked_for_by_audience_and_identity()
    {
        Answer(Svid("spiffe://td/web", "a", "b"));
        var svid = Assert.Single(await Client.FetchJwtSvidsAsync(["a", "b"], SpiffeId.Parse("spiffe://td/web"), Patience));
        Assert.Equal("spiffe://td/web", svid.Id.ToString());
        Assert.Equal(["a", "b"], svid.Audiences.AsEnumerable());

        var request = JWTSVIDRequest.Parser.ParseFrom(MessageOf(Agent.Calls.Single()));
        Assert.Equal(["a", "b"], request.Audience);
        Assert.Equal("spiffe://td/web", request.SpiffeId);
    }

    [Fact, Trait("Spec", "WA-18")]
    public async Task Without_an_identity_all_are_given_in_order()
    {
        Answer(Svid("spiffe://td/web", "a"), Svid("spiffe://td/admin", "a"));
        Assert.Equal(["/web", "/admin"], (await Client.FetchJwtSvidsAsync("a", cancellationToken: Patience)).Select(svid => svid.Id.Path));
        Assert.Empty(JWTSVIDRequest.Parser.ParseFrom(MessageOf(Agent.Calls.Single())).SpiffeId);
    }

    [Fact, Trait("Spec", "WA-18")]
    public async Task Nothing_is_asked_without_an_audience_or_with_too_many()
    {
        await Assert.ThrowsAsync<ArgumentException>(() => Client.FetchJwtSvidsAsync([], cancellationToken: Patience));
        await Assert.ThrowsAsync<ArgumentException>(() => Client.FetchJwtSvidsAsync("", cancellationToken: Patience));
        await Assert.ThrowsAsync<ArgumentException>(() => Client.FetchJwtSvidsAsync(["a", ""], cancellationToken: Patience));
        await Assert.ThrowsAsync<ArgumentException>(() => Client.FetchJwtSvidsAsync([.. Enumerable.Range(0, 33).Select(i => $"a{i}")], cancellationToken: Patience));
        await Assert.ThrowsAsync<ArgumentException>(() => Client.ValidateJwtSvidAsync("", new TestToken().ToString(), Patience));
        Assert.Empty(Agent.Calls);
    }

    public static TheoryData<string, string, string, string> Misfits => new()
    {
        { "spiffe://td/other", "spiffe://td/other", "a", "'spiffe://td/web' was requested" },
        { "spiffe://td/web", "spiffe://td/other", "a", "is for 'spiffe://td/other'" },
        { "spiffe://td/web", "spiffe://td/web", "b", "not for the audience 'a'" },
        { "spiffe://td/web", "spiffe://td/web", "A", "not for the audience 'a'" },
        { "", "spiffe://td/web", "a", "no 'spiffe_id'" },
        { "spiffe://TD/web", "spiffe://td/web", "a", "'spiffe_id': " },
    };

    [Theory, MemberData(nameof(Misfits)), Trait("Spec", "WA-19")]
    public async Task A_token_that_does_not_fit_the_question_is_refused(string id, string sub, string aud, string words)
    {
        Answer(new JWTSVID { SpiffeId = id, Svid = TestToken.For(sub, aud).ToString() });
        await AssertRefusedAsync(words);
    }

    [Fact, Trait("Spec", "WA-19")]
    public async Task A_token_must_be_for_all_audiences_that_were_asked_for()
    {
        Answer(Svid("spiffe://td/web", "a"));
        var e = await Assert.ThrowsAsync<FormatException>(() => Client.FetchJwtSvidsAsync(["a", "b"], cancellationToken: Patience));
        Assert.Contains("not for the audience 'b'", e.Message, StringComparison.Ordinal);
    }

    [Fact, Trait("Spec", "WA-19")]
    public async Task An_answer_without_a_token_is_refused()
    {
        Answer();
        await AssertRefusedAsync("no JWT-SVID");
        Answer(new JWTSVID { SpiffeId = "spiffe://td/web" });
        await AssertRefusedAsync("no 'svid'");
        Answer(new JWTSVID { SpiffeId = "spiffe://td/web", Svid = "top-secret" });
        Assert.DoesNotContain("top-secret", (await AssertRefusedAsync("compact form")).ToString(), StringComparison.Ordinal);
    }

    [Fact, Trait("Spec", "WA-19")]
    public async Task One_bad_token_spoils_the_answer()
    {
        Answer(Svid("spiffe://td/web", "a"), new JWTSVID { SpiffeId = "spiffe://td/web", Svid = "x" });
        await AssertRefusedAsync("compact form");
    }

    [Fact, Trait("Spec", "WA-20")]
    public async Task A_refusal_is_an_error()
    {
        Agent.CloseWith(StatusCode.PermissionDenied, "no identity issued");
        Assert.Equal(StatusCode.PermissionDenied, (await Assert.ThrowsAsync<WorkloadApiException>(() => Client.FetchJwtSvidsAsync("a", cancellationToken: Patience))).StatusCode);
    }

    [Fact]
    public async Task An_answer_counts_only_with_its_status()
    {
        Agent.Send(new JWTSVIDResponse { Svids = { Svid("spiffe://td/web", "a") } });
        Agent.CloseWith(StatusCode.Internal);
        Assert.Equal(StatusCode.Internal, (await Assert.ThrowsAsync<WorkloadApiException>(() => Client.FetchJwtSvidsAsync("a", cancellationToken: Patience))).StatusCode);
    }

    [Fact]
    public async Task Two_answers_are_none()
    {
        Agent.Send(new JWTSVIDResponse { Svids = { Svid("spiffe://td/web", "a") } });
        Answer(Svid("spiffe://td/admin", "a"));
        var e = await Assert.ThrowsAsync<WorkloadApiException>(() => Client.FetchJwtSvidsAsync("a", cancellationToken: Patience));
        Assert.Contains("more than one response", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task No_answer_with_a_good_status_is_malformed()
    {
        Agent.CloseWith(StatusCode.OK);
        var e = await Assert.ThrowsAsync<WorkloadApiException>(() => Client.FetchJwtSvidsAsync("a", cancellationToken: Patience));
        Assert.Equal(WorkloadApiFailure.MalformedResponse, e.Failure);
    }

    [Fact, Trait("Spec", "WA-09")]
    public void Of_two_tokens_with_one_hint_the_first_counts()
    {
        var reader = new JwtResponseReader();
        JWTSVID[] svids = [Svid("spiffe://td/a", "a"), Svid("spiffe://td/b", "a"), Svid("spiffe://td/c", "a"), Svid("spiffe://td/d", "a")];
        svids[0].Hint = svids[1].Hint = "x";
        var read = reader.ReadSvids(new() { Svids = { svids } }, ["a"], null);
        Assert.Equal(["/a x", "/c ", "/d "], read.Select(svid => $"{svid.Id.Path} {svid.Hint}"));
        Assert.Contains("'spiffe://td/b' is ignored", Assert.Single(reader.Remarks), StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Spec", "WA-21"), Trait("Spec", "WA-04"), Trait("Spec", "WA-06")]
    public async Task Bundles_are_watched_and_each_message_replaces_the_last()
    {
        Agent.Send(Bundles(("spiffe://td", TestJwk.Set(TestJwk.Ec("k1"))), ("spiffe://other", TestJwk.Set())));
        Agent.Send(Bundles(("spiffe://td", TestJwk.Set(TestJwk.Ec("k2")))));
        Agent.CloseWith(StatusCode.OK);

        var sets = new List<JwtBundleSet>();
        await foreach (var set in Client.WatchJwtBundlesAsync(Patience)) sets.Add(set);
        Assert.Equal("k1", sets[0].Find(Td)!.Authorities.Single().KeyId);
        Assert.Empty(sets[0].Find(TrustDomain.Parse("other"))!.Authorities);
        Assert.Equal("k2", sets[1].Find(Td)!.Authorities.Single().KeyId);
        Assert.Null(sets[1].Find(TrustDomain.Parse("other")));
    }

    [Fact, Trait("Spec", "TB-14")]
    public async Task Keys_without_use_are_taken_from_the_Workload_API()
    {
        Agent.Send(Bundles(("spiffe://td", TestJwk.Set(TestJwk.Ec("k1").Replace("\"use\":\"jwt-svid\",", "", StringComparison.Ordinal)))));
        Assert.Single((await Client.FetchJwtBundlesAsync(Patience)).Find(Td)!.Authorities);
    }

    [Fact, Trait("Spec", "WA-07")]
    public async Task A_message_without_bundles_ends_the_public_watch()
    {
        Agent.Send(new JWTBundlesResponse());
        Assert.Contains("no bundle", (await Assert.ThrowsAsync<FormatException>(() => Client.FetchJwtBundlesAsync(Patience))).Message, StringComparison.Ordinal);
    }

    [Fact, Trait("Spec", "WA-07")]
    public async Task A_message_without_bundles_does_not_end_the_inner_watch()
    {
        Agent.Send(new JWTBundlesResponse());
        Agent.Send(Bundles(("spiffe://td", TestJwk.Set())));
        Agent.CloseWith(StatusCode.OK);
        var updates = new List<Update<JwtBundleSet>>();
        await foreach (var update in Client.WatchJwtUpdatesAsync(Patience)) updates.Add(update);
        Assert.Equal([true, false], updates.Select(update => update.Problem is not null));
    }

    [Theory]
    [InlineData("spiffe://bad", "no json", "The JWT bundle of 'bad' is ignored")]
    [InlineData("spiffe://bad/path", "{\"keys\":[]}", "'spiffe://bad/path' is ignored"), Trait("Spec", "ID-19")]
    [InlineData("bad", "{\"keys\":[]}", "'bad' is ignored")]
    public void A_bad_bundle_beside_a_good_one_is_left_out(string key, string json, string words)
    {
        var reader = new JwtResponseReader();
        var set = reader.ReadBundles(Bundles((key, Encoding.UTF8.GetBytes(json)), ("spiffe://td", TestJwk.Set())));
        Assert.Equal([Td], set.Select(bundle => bundle.TrustDomain));
        Assert.Contains(words, Assert.Single(reader.Remarks), StringComparison.Ordinal);
    }

    [Fact]
    public void A_message_with_bad_bundles_only_is_refused() =>
        Assert.Contains("no bundle that can be read", Assert.Throws<FormatException>(() => new JwtResponseReader().ReadBundles(Bundles(("spiffe://td", [])))).Message, StringComparison.Ordinal);

    [Fact, Trait("Spec", "WA-22")]
    public async Task A_token_is_validated_and_its_claims_come_back_as_JSON()
    {
        var claims = Struct.Parser.ParseJson("""{"sub":"spiffe://td/web","aud":["aud"],"exp":4102444800,"x":{"y":[true,null,"z",1.5]}}""");
        Agent.Send(new ValidateJWTSVIDResponse { SpiffeId = "spiffe://td/web", Claims = claims });
        Agent.CloseWith(StatusCode.OK);
        var token = new TestToken().ToString();

        var validated = await Client.ValidateJwtSvidAsync("aud", token, Patience);
        Assert.Equal("spiffe://td/web", validated.Id.ToString());
        Assert.Equal(DateTimeOffset.FromUnixTimeSeconds(4102444800), validated.ExpiresAt);
        Assert.True(JsonElement.DeepEquals(validated.Claims, JsonSerializer.Deserialize<JsonElement>("""{"sub":"spiffe://td/web","aud":["aud"],"exp":4102444800,"x":{"y":[true,null,"z",1.5]}}""")));

        var request = ValidateJWTSVIDRequest.Parser.ParseFrom(MessageOf(Agent.Calls.Single()));
        Assert.Equal(("aud", token), (request.Audience, request.Svid));
    }

    [Theory, Trait("Spec", "WA-22")]
    [InlineData("spiffe://td/admin")]
    [InlineData("spiffe://td/web/")]
    [InlineData("")]
    public async Task A_validation_for_somebody_else_is_refused(string id)
    {
        Agent.Send(new ValidateJWTSVIDResponse { SpiffeId = id, Claims = new Struct() });
        Agent.CloseWith(StatusCode.OK);
        var e = await Assert.ThrowsAsync<WorkloadApiException>(() => Client.ValidateJwtSvidAsync("aud", new TestToken().ToString(), Patience));
        Assert.Equal(WorkloadApiFailure.MalformedResponse, e.Failure);
        Assert.Contains($"'spiffe://td/web' as a token of '{id}'", e.Message, StringComparison.Ordinal);
    }

    [Fact, Trait("Spec", "WA-22")]
    public async Task A_validation_without_claims_is_refused()
    {
        Agent.Send(new ValidateJWTSVIDResponse { SpiffeId = "spiffe://td/web" });
        Agent.CloseWith(StatusCode.OK);
        var e = await Assert.ThrowsAsync<WorkloadApiException>(() => Client.ValidateJwtSvidAsync("aud", new TestToken().ToString(), Patience));
        Assert.Contains("without returning its claims", e.Message, StringComparison.Ordinal);
    }

    [Fact, Trait("Spec", "WA-22")]
    public async Task A_refused_token_is_an_error_and_stays_out_of_it()
    {
        var token = new TestToken().ToString();
        Agent.CloseWith(StatusCode.InvalidArgument, "token has expired");
        var e = await Assert.ThrowsAsync<WorkloadApiException>(() => Client.ValidateJwtSvidAsync("aud", token, Patience));
        Assert.Equal(StatusCode.InvalidArgument, e.StatusCode);
        Assert.Contains("token has expired", e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(token, e.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_agent_is_not_asked_about_what_is_no_token_of_ours()
    {
        await Assert.ThrowsAsync<FormatException>(() => Client.ValidateJwtSvidAsync("aud", "rubbish", Patience));
        var e = await Assert.ThrowsAsync<FormatException>(() => Client.ValidateJwtSvidAsync("other", new TestToken().ToString(), Patience));
        Assert.Contains("not for the audience 'other'", e.Message, StringComparison.Ordinal);
        Assert.Empty(Agent.Calls);
    }

    private static JWTSVID Svid(string id, params string[] audiences) => new() { SpiffeId = id, Svid = TestToken.For(id, audiences).ToString() };

    private static JWTBundlesResponse Bundles(params (string Key, byte[] JwkSet)[] bundles)
    {
        var response = new JWTBundlesResponse();
        foreach (var (key, jwkSet) in bundles) response.Bundles.Add(key, ByteString.CopyFrom(jwkSet));
        return response;
    }

    private static byte[] MessageOf(FakeCall call) => call.Body[5..];

    private void Answer(params JWTSVID[] svids)
    {
        Agent.Send(new JWTSVIDResponse { Svids = { svids } });
        Agent.CloseWith(StatusCode.OK);
    }

    private async Task<FormatException> AssertRefusedAsync(string words)
    {
        var e = await Assert.ThrowsAsync<FormatException>(() => Client.FetchJwtSvidsAsync("a", SpiffeId.Parse("spiffe://td/web"), Patience));
        Assert.Contains(words, e.Message, StringComparison.Ordinal);
        return e;
    }
}
