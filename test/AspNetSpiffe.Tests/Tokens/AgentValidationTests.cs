using System.Net;
using AspNetSpiffe.TestKit;
using AspNetSpiffe.Wire;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Logging;

namespace AspNetSpiffe.Tests.Tokens;

/// <summary>The agent verifies the tokens, where the options say so.</summary>
public sealed class AgentValidationTests(ITestOutputHelper output) : TokenTest(output)
{
    [Fact]
    public async Task The_agent_is_asked_for_the_audience_that_the_token_is_addressed_to()
    {
        var server = await StartAskingAsync(options => options.Audiences.Insert(0, "another name of ours"));
        using var client = PlainClient(server);

        Assert.Equal((HttpStatusCode.OK, "caller /client, peer -, token /client, user /client", ""), await SendAsync(client, "/who", await TokenAsync()));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(client, "/who", await TokenAsync("admin", "another name of ours")));
    }

    [Fact]
    public async Task What_the_agent_refuses_is_refused()
    {
        var server = await StartAskingAsync();
        using var client = PlainClient(server);

        var (status, _, challenge) = await SendAsync(client, "/who", Forge(await TokenAsync()));
        Assert.Equal((HttpStatusCode.Unauthorized, "Bearer error=\"invalid_token\""), (status, challenge));
        var refusal = await WaitForAsync("TokenRefused", Timeout);
        Assert.Equal((JwtRejectionReason.RefusedByAgent, ClientId), (refusal.Values["Reason"], refusal.Values["SpiffeId"]));
    }

    [Fact]
    public async Task A_token_for_others_and_one_of_a_stranger_are_refused()
    {
        var other = await StartAgentAsync("other.org", "client");
        Agent.AddFederatedBundle(other);
        var server = await StartAskingAsync();
        using var client = PlainClient(server);

        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(client, "/who", await TokenAsync(audience: "other")));
        Assert.Equal(JwtRejectionReason.NotAddressedToUs, (await WaitForAsync("TokenRefused", Timeout)).Values["Reason"]);
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(client, "/who", await TokenAsync(agent: other)));
        Assert.Equal(JwtRejectionReason.NotAllowed, (await WaitForAsync("TokenRefused", Timeout, times: 2)).Values["Reason"]);
    }

    [Fact]
    public async Task Without_an_answer_the_token_is_refused_and_a_warning_says_why()
    {
        ExpectWarning("TokenRefused");
        AllowWarning("AgentUnavailable");
        var server = await StartAskingAsync();
        using var client = PlainClient(server);
        var token = await TokenAsync();
        await Agent.DisposeAsync();

        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(client, "/who", token));
        var refusal = await WaitForAsync("TokenRefused", Timeout);
        Assert.Equal((JwtRejectionReason.NoAnswer, LogLevel.Warning), (refusal.Values["Reason"], refusal.Level));
        Assert.Contains("Workload API", (string)refusal.Values["Problem"]!);
    }

    [Fact]
    public async Task An_agent_that_hangs_has_refused()
    {
        var time = new ManualTime();
        await using var agent = await FakeAgent.StartAsync();
        var spiffe = new SpiffeOptions { EndpointSocket = agent.Address };
        await using var identity = new X509Source(spiffe, Loggers, null, time);
        using var tokens = new AgentTokens(identity, Microsoft.Extensions.Options.Options.Create(spiffe), time);

        var verdict = tokens.VerifyAsync(TestToken.For(ClientId, Audience).ToString(), new() { Audiences = { Audience } }, Timeout);
        await agent.WaitForCallAsync(1, Timeout);
        time.Advance(TimeSpan.FromSeconds(5));
        Assert.Equal(TokenVerdict.Refuse(JwtRejectionReason.NoAnswer, SpiffeId.Parse(ClientId), "The Workload API did not respond within 5 s."), await verdict);
    }

    [Theory]
    [InlineData("too large", "the limit is")]
    [InlineData("Unavailable", "busy")]
    [InlineData("PermissionDenied", "busy")]
    public async Task An_answer_that_says_nothing_of_the_token_is_none(string answer, string problem)
    {
        await using var agent = await FakeAgent.StartAsync();
        if (answer == "too large") agent.Send(new ValidateJWTSVIDResponse { SpiffeId = ClientId, Claims = new Struct { Fields = { ["x"] = Value.ForString(new('x', 300 * 1024)) } } });
        agent.CloseWith(answer == "too large" ? StatusCode.OK : System.Enum.Parse<StatusCode>(answer), "busy");
        var spiffe = new SpiffeOptions { EndpointSocket = agent.Address };
        await using var identity = new X509Source(spiffe, Loggers, null, TimeProvider.System);
        using var tokens = new AgentTokens(identity, Microsoft.Extensions.Options.Options.Create(spiffe), TimeProvider.System);

        var verdict = await tokens.VerifyAsync(TestToken.For(ClientId, Audience).ToString(), new() { Audiences = { Audience } }, Timeout);
        Assert.Equal((null, JwtRejectionReason.NoAnswer), (verdict.Token, verdict.Reason));
        Assert.Contains(problem, verdict.Problem, StringComparison.Ordinal);
    }

    private Task<WebApplication> StartAskingAsync(Action<SpiffeJwtAuthenticationOptions>? configure = null) => StartPlainAsync(
        app => app.MapGet("/who", Describe).RequireAuthorization(),
        options =>
        {
            options.Validation = JwtSvidValidation.Agent;
            configure?.Invoke(options);
        });
}
